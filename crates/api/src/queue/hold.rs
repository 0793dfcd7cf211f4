//! `POST /v3/admin/queue/{queue_id}/hold`

use super::render::{QUEUED_MAIL, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the step.
pub fn operation() -> Operation {
    Operation::new("holdQueuedMail", "Keep mail until it is retried")
        .about("Refused with 409 while it is being delivered, and when it is only captured.")
        .fails([409])
        .one(QUEUED_MAIL.reference())
}

/// Keeps mail until it is retried.
pub async fn hold(call: Call) -> Answer {
    let row = call
        .mailroom
        .hold_queued(call.actor()?, call.parameter("queue_id"))
        .await?;
    Ok(call.object(&render(&row)))
}
