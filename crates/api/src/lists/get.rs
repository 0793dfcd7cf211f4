//! `GET /v3/lists/{list_id}`

use super::schema::{LIST, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("findList", "Get a list").one(LIST.reference())
}

/// Answers a list.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("list_id");
    let view = call.mailroom.get_list(call.actor()?, id).await?;
    Ok(call.object(&render(&view)))
}
