//! Addresses that nothing is sent to.

mod create;
mod delete;
mod list;
mod schema;

use crate::routes::{Route, Scope};

pub(crate) use schema::SUPPRESSION;

const COLLECTION: &str = "/v3/suppressions";
const ONE: &str = "/v3/suppressions/{suppression_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    vec![
        Route::get(COLLECTION, application, list::list).described(list::operation),
        Route::post(COLLECTION, application, create::create).described(create::operation),
        Route::delete(ONE, application, delete::delete).described(delete::operation),
    ]
}
