//! `DELETE /v3/admin/queue/{queue_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the step.
pub fn operation() -> Operation {
    Operation::new("dropQueuedMail", "Take mail off the queue")
        .about("Its sender is told with `message.bounced`. Refused with 409 while it is being delivered.")
        .fails([409])
        .deleted()
}

/// Takes mail off the queue.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .drop_queued(call.actor()?, call.parameter("queue_id"))
        .await?;
    Ok(call.deleted())
}
