//! The messages of an account.

mod clean;
mod delete;
mod fields;
pub(crate) mod filters;
mod get;
mod list;
mod schedules;
mod send;
mod update;
mod wait;

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

const ONE: &str = "/v3/grants/{grant_id}/messages/{message_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get("/v3/grants/{grant_id}/messages", Scope::Grant, list::list),
        Route::get(
            "/v3/grants/{grant_id}/messages/wait",
            Scope::Grant,
            wait::wait,
        ),
        Route::post(
            "/v3/grants/{grant_id}/messages/send",
            Scope::Grant,
            send::send,
        )
        .body(BodyRule::Mail),
        Route::get(ONE, Scope::Grant, get::get),
        Route::delete(ONE, Scope::Grant, delete::delete),
    ];
    table.extend(Route::update(ONE, Scope::Grant, update::update));
    let clean = Route::update(
        "/v3/grants/{grant_id}/messages/clean",
        Scope::Grant,
        clean::clean,
    );
    table.extend(clean.map(Route::reads));
    table.extend(schedules::routes());
    table
}
