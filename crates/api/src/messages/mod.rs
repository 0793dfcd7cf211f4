//! The messages of an account.

mod fields;
mod filters;
mod get;
mod list;

use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/grants/{grant_id}/messages", Scope::Grant, list::list),
        Route::get(
            "/v3/grants/{grant_id}/messages/{message_id}",
            Scope::Grant,
            get::get,
        ),
    ]
}
