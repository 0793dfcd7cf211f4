//! What rules made of an account's messages.

mod list;
mod schema;

use crate::routes::{Route, Scope};

pub(crate) use schema::RULE_EVALUATION;

const COLLECTION: &str = "/v3/grants/{grant_id}/rule-evaluations";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![Route::get(COLLECTION, Scope::Grant, list::list).described(list::operation)]
}
