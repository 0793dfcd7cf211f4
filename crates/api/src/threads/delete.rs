//! `DELETE /v3/grants/{grant_id}/threads/{thread_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyThread", "Move all messages of a thread to Trash").deleted()
}

/// Moves every message of a thread to Trash.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    call.mailroom
        .delete_thread(&grant, call.parameter("thread_id"))
        .await?;
    Ok(call.deleted())
}
