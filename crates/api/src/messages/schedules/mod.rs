//! Messages of an account that are to be sent later.

mod cancel;
mod get;
mod list;
mod render;

pub(crate) use render::SCHEDULE;

use crate::routes::{Route, Scope};

const COLLECTION: &str = "/v3/grants/{grant_id}/messages/schedules";
const ONE: &str = "/v3/grants/{grant_id}/messages/schedules/{schedule_id}";

/// Returns the routes of this folder.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(COLLECTION, Scope::Grant, list::list).described(list::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, cancel::cancel).described(cancel::operation),
    ]
}
