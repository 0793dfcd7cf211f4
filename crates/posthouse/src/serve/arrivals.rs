//! How mail from outside is checked.

use std::sync::Arc;

use posthouse_mailroom::receive::Arrivals;
use posthouse_net::authentication::Authenticator;
use posthouse_net::resolver::Resolver;

use crate::config::Config;

/// Makes the checks by the operator's rules.
pub fn checks(config: &Config, resolver: &Resolver) -> Arrivals {
    Arrivals {
        authenticator: Authenticator::new(Arc::new(resolver.clone()), config.inbound_check_time),
        peers: config.inbound_checks,
        dmarc: config.inbound_dmarc,
        trusted_sealers: config.trusted_sealer.clone(),
    }
}
