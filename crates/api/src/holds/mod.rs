//! Messages that wait for approval: shown to whoever may read them, decided on by operators and their programs.

mod approve;
mod get;
mod list;
mod reject;
mod schema;

use crate::routes::{Route, Scope};

pub(crate) use schema::{HOLD, hold_of_message, render_for_message};

const COLLECTION: &str = "/v3/holds";
const OF_GRANT: &str = "/v3/grants/{grant_id}/holds";
const ONE: &str = "/v3/holds/{hold_id}";
const APPROVE: &str = "/v3/holds/{hold_id}/approve";
const REJECT: &str = "/v3/holds/{hold_id}/reject";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    vec![
        Route::get(COLLECTION, application, list::list).described(list::operation),
        Route::get(OF_GRANT, Scope::Grant, list::of_grant).described(list::operation_of_grant),
        Route::get(ONE, application, get::get).described(get::operation),
        Route::post(APPROVE, application, approve::approve).described(approve::operation),
        Route::post(REJECT, application, reject::reject).described(reject::operation),
    ]
}
