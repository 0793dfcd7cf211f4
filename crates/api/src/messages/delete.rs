//! `DELETE /v3/grants/{grant_id}/messages/{message_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyMessage", "Move a message to Trash")
        .about("One that is there goes for good.")
        .deleted()
}

/// Moves a message to Trash; one that is there goes for good. `hard_delete` is ignored.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    call.mailroom
        .delete_message(&grant, call.parameter("message_id"))
        .await?;
    Ok(call.deleted())
}
