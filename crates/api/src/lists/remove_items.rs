//! `DELETE /v3/lists/{list_id}/items`

use super::schema::{LIST, items_to_remove, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("removeListItems", "Take items off a list")
        .about("The body names them; those that are not on it are ignored.")
        .body(items_to_remove())
        .one(LIST.reference())
}

/// Takes items off a list and answers the list.
pub async fn remove_items(call: Call) -> Answer {
    let mut body = call.body.fields();
    let items: Vec<String> = body.required("items")?;
    let warnings = body.unknown();
    let id = call.parameter("list_id");
    let view = call
        .mailroom
        .remove_list_items(call.actor()?, id, items)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
