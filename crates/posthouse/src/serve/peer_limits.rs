//! What one network may take of the API.
//!
//! Loopback is not counted: there everybody who comes through a reverse proxy on this machine is one address.

use std::sync::Arc;
use std::time::Duration;

use posthouse_api::limits::CONNECTIONS_PER_PREFIX_MAX;
use posthouse_net::cidr::Cidr;
use posthouse_net::limits::AUTH_FAILURES_PER_MINUTE_MAX;
use posthouse_net::rate::{ConcurrencyByPrefix, PrefixLimiter, PrefixLimits};

/// The stretch of time in which wrong keys are counted.
const FAILURES_WINDOW: Duration = Duration::from_secs(60);

/// Open connections of a network.
pub fn connections() -> ConcurrencyByPrefix {
    ConcurrencyByPrefix::new("api_connections", CONNECTIONS_PER_PREFIX_MAX, loopback())
}

/// Wrong keys from a network.
pub fn authentication_failures() -> Arc<PrefixLimiter> {
    Arc::new(PrefixLimiter::new(PrefixLimits {
        name: "authentication_failures",
        window: FAILURES_WINDOW,
        per_level: AUTH_FAILURES_PER_MINUTE_MAX,
        exempt: loopback(),
    }))
}

fn loopback() -> Vec<Cidr> {
    ["127.0.0.0/8", "::1"]
        .into_iter()
        .filter_map(|range| range.parse().ok())
        .collect()
}
