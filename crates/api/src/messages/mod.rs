//! The messages of an account.

mod clean;
mod delete;
mod fields;
pub(crate) mod filters;
mod get;
mod list;
mod schedules;
pub(crate) mod schema;
pub(crate) mod send;
mod update;
mod wait;

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

pub(crate) use schedules::SCHEDULE;

const ONE: &str = "/v3/grants/{grant_id}/messages/{message_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get("/v3/grants/{grant_id}/messages", Scope::Grant, list::list)
            .described(list::operation),
        Route::get(
            "/v3/grants/{grant_id}/messages/wait",
            Scope::Grant,
            wait::wait,
        )
        .described(wait::operation),
        Route::post(
            "/v3/grants/{grant_id}/messages/send",
            Scope::Grant,
            send::send,
        )
        .body(BodyRule::Mail)
        .described(send::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, Scope::Grant, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    let clean = Route::update(
        "/v3/grants/{grant_id}/messages/clean",
        Scope::Grant,
        clean::clean,
    );
    table.extend(clean.map(|route| route.reads().described(clean::operation)));
    table.extend(schedules::routes());
    table
}
