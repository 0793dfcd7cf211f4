//! Creating accounts: what the compatible service calls custom authentication.

mod custom;

use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/v3/connect/custom", Scope::Application, custom::custom)
            .described(custom::operation),
    ]
}
