//! `POST /v3/lists/{list_id}/items`

use super::schema::{LIST, items, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("addListItems", "Put items on a list")
        .about("All of them or none; those that are on it are ignored.")
        .body(items())
        .one(LIST.reference())
}

/// Puts items on a list and answers the list.
pub async fn add_items(call: Call) -> Answer {
    let mut body = call.body.fields();
    let items: Vec<String> = body.required("items")?;
    let warnings = body.unknown();
    let id = call.parameter("list_id");
    let view = call
        .mailroom
        .add_list_items(call.actor()?, id, items)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
