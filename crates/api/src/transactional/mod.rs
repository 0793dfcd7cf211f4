//! Mail that a domain sends without an account.

mod send;

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::post(
            "/v3/domains/{domain_name}/messages/send",
            Scope::Application,
            send::send,
        )
        .body(BodyRule::Mail)
        .described(send::operation),
    ]
}
