//! What the composition root decides about this door.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use posthouse_net::cidr::Cidr;
use posthouse_net::rate::{ConcurrencyByPrefix, PrefixLimiter};

/// What `/readyz` reports.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    /// Why the server should get no traffic now; empty when it is ready.
    pub problems: Vec<String>,
    /// What an operator should know although the server is ready (relaxed durability).
    pub notes: Vec<String>,
}

/// Asks the parts of the server whether they work.
pub type ReadinessCheck = Arc<dyn Fn() -> BoxFuture<'static, Readiness> + Send + Sync>;

/// Renders all metrics in the Prometheus text format.
pub type MetricsRender = Arc<dyn Fn() -> String + Send + Sync>;

/// The settings of the HTTP door.
#[derive(Clone)]
pub struct ApiConfig {
    /// Path in front of `/v3` that a proxy does not strip: empty, or like `/mail`.
    pub path_prefix: String,
    /// Counts open connections by address prefix, so that one network cannot take them all.
    pub connections: ConcurrencyByPrefix,
    /// Counts wrong keys by address prefix, together with the other doors.
    pub authentication_failures: Arc<PrefixLimiter>,
    /// Answers `/readyz`.
    pub readiness: ReadinessCheck,
    /// Answers `/metrics`.
    pub metrics: MetricsRender,
    /// Networks beside loopback that may read `/metrics` without a token.
    pub metrics_peers: Vec<Cidr>,
    /// Token that opens `/metrics` for everyone else; without one they are refused.
    pub metrics_token: Option<String>,
}

impl fmt::Debug for ApiConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiConfig")
            .field("path_prefix", &self.path_prefix)
            .field("metrics_peers", &self.metrics_peers)
            .field("metrics_token", &self.metrics_token.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}
