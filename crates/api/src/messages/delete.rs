//! `DELETE /v3/grants/{grant_id}/messages/{message_id}`

use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyMessage", "Move a message to Trash")
        .about("One that is there goes for good.")
        .query([Parameter::flag(
            "hard_delete",
            "For good at once. Has no effect unless the server runs with `--hard-delete`.",
        )])
        .deleted()
}

/// Moves a message to Trash; one that is there goes for good, and so does any at once with `hard_delete` where the operator
/// allows it.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("message_id");
    if call.query.flag("hard_delete")?.unwrap_or(false) {
        call.mailroom.hard_delete_message(&grant, id).await?;
    } else {
        call.mailroom.delete_message(&grant, id).await?;
    }
    Ok(call.deleted())
}
