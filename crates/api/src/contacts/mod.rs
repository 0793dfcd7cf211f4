//! Contacts: the address book of an account.

mod create;
mod delete;
mod get;
mod list;
mod read;
mod schema;
mod update;

use crate::routes::{Route, Scope};

pub(crate) use schema::CONTACT;

const COLLECTION: &str = "/v3/grants/{grant_id}/contacts";
const ONE: &str = "/v3/grants/{grant_id}/contacts/{contact_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Grant, list::list).described(list::operation),
        Route::post(COLLECTION, Scope::Grant, create::create).described(create::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, Scope::Grant, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}
