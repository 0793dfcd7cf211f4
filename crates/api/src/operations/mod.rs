//! Health checks and metrics, for the machines that watch the server. No keys here: `/metrics` has rules of its own.

mod healthz;
mod metrics;
mod readyz;

use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", Scope::Server, healthz::healthz)
            .public()
            .described(healthz::operation),
        Route::get("/readyz", Scope::Server, readyz::readyz)
            .public()
            .described(readyz::operation),
        Route::get("/metrics", Scope::Server, metrics::metrics)
            .public()
            .described(metrics::operation),
    ]
}
