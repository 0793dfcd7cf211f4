//! Policies: what the accounts of workspaces may send, receive and keep.

mod create;
mod delete;
mod get;
mod list;
mod schema;
mod update;

use crate::routes::{Route, Scope};

pub(crate) use schema::{POLICY, limits, outbound_guard, spam_detection};

const COLLECTION: &str = "/v3/policies";
const ONE: &str = "/v3/policies/{policy_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    let mut table = vec![
        Route::get(COLLECTION, application, list::list).described(list::operation),
        Route::post(COLLECTION, application, create::create).described(create::operation),
        Route::get(ONE, application, get::get).described(get::operation),
        Route::delete(ONE, application, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, application, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}
