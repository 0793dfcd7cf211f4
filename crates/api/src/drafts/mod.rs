//! The drafts of an account.

mod create;
mod delete;
mod get;
mod list;
mod read;
mod schema;
mod send;
mod update;

use http::StatusCode;
use serde_json::Value;

use crate::body::BodyRule;
use crate::call::Call;
use crate::error::ApiError;
use crate::query::Select;
use crate::reply::Reply;
use crate::routes::{Route, Scope};

pub(crate) use schema::DRAFT;

const COLLECTION: &str = "/v3/grants/{grant_id}/drafts";
const ONE: &str = "/v3/grants/{grant_id}/drafts/{draft_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Grant, list::list).described(list::operation),
        Route::post(COLLECTION, Scope::Grant, create::create)
            .body(BodyRule::Mail)
            .described(create::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
        Route::post(ONE, Scope::Grant, send::send).described(send::operation),
    ];
    let update = Route::update(ONE, Scope::Grant, update::update);
    let described = |route: Route| route.body(BodyRule::Mail).described(update::operation);
    table.extend(update.map(described));
    table
}

/// Answers 200 with a draft, whole or reduced.
fn answer(call: &Call, json: &[u8], select: &Select) -> Result<Reply, ApiError> {
    if !select.is_everything() {
        return Ok(call.object(&reduce(json, select)?));
    }
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, json.len() + 128);
    Ok(reply.raw_field("data", |out| out.extend_from_slice(json)))
}

/// Unpacks the JSON of one draft to apply `select`.
fn reduce(json: &[u8], select: &Select) -> Result<Value, ApiError> {
    let object = serde_json::from_slice(json)
        .map_err(|error| ApiError::internal(format!("a draft object is damaged: {error}")))?;
    Ok(select.reduce(object))
}
