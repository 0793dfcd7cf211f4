//! What other servers look for below `/.well-known/`, without a key: proofs of our names, and policies of our domains.

mod acme_challenge;
mod mta_sts;

use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/.well-known/acme-challenge/{token}",
            Scope::Server,
            acme_challenge::answer,
        )
        .public()
        .described(acme_challenge::operation),
        Route::get("/.well-known/mta-sts.txt", Scope::Server, mta_sts::policy)
            .public()
            .described(mta_sts::operation),
    ]
}
