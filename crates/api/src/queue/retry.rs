//! `POST /v3/admin/queue/{queue_id}/retry`

use super::render::{QUEUED_MAIL, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the step.
pub fn operation() -> Operation {
    Operation::new(
        "retryQueuedMail",
        "Deliver mail now, whether it waits or is held",
    )
    .about("Refused with 409 while it is being delivered, and when it is only captured.")
    .fails([409])
    .one(QUEUED_MAIL.reference())
}

/// Makes mail due now.
pub async fn retry(call: Call) -> Answer {
    let row = call
        .mailroom
        .retry_queued(call.actor()?, call.parameter("queue_id"))
        .await?;
    Ok(call.object(&render(&row)))
}
