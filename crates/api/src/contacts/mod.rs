//! Contacts: the address book of an account.

mod create;
mod delete;
mod get;
mod list;
mod read;
mod update;

use crate::routes::{Route, Scope};

const COLLECTION: &str = "/v3/grants/{grant_id}/contacts";
const ONE: &str = "/v3/grants/{grant_id}/contacts/{contact_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Grant, list::list),
        Route::post(COLLECTION, Scope::Grant, create::create),
        Route::get(ONE, Scope::Grant, get::get),
        Route::delete(ONE, Scope::Grant, delete::delete),
    ];
    table.extend(Route::update(ONE, Scope::Grant, update::update));
    table
}
