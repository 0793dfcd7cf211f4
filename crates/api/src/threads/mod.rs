//! The threads of an account.

mod delete;
mod filters;
mod get;
mod list;
mod schema;
mod update;

use serde_json::Value;

use crate::error::ApiError;
use crate::query::Select;
use crate::routes::{Route, Scope};

pub(crate) use schema::THREAD;

const ALL: &str = "/v3/grants/{grant_id}/threads";
const ONE: &str = "/v3/grants/{grant_id}/threads/{thread_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(ALL, Scope::Grant, list::list).described(list::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, Scope::Grant, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}

/// Unpacks the JSON of one thread to apply `select`.
fn reduce(json: &[u8], select: &Select) -> Result<Value, ApiError> {
    let object = serde_json::from_slice(json)
        .map_err(|error| ApiError::internal(format!("a thread object is damaged: {error}")))?;
    Ok(select.reduce(object))
}
