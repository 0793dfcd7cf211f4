//! `DELETE /v3/lists/{list_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyList", "Delete a list with its items")
        .about("Rules that name it stay, and find nothing in it any more.")
        .deleted()
}

/// Deletes a list.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("list_id");
    call.mailroom.delete_list(call.actor()?, id).await?;
    Ok(call.deleted())
}
