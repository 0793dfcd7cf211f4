//! `POST /v3/holds/{hold_id}/reject`

use super::schema::{HOLD, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, optional, text};
use crate::routes::Answer;

/// Describes the rejection.
pub fn operation() -> Operation {
    let reason = text().about("What the sender is told.");
    Operation::new("rejectHold", "Reject a message that waits")
        .about(
            "It is not sent, and `message.send_failed` tells so. A draft stays. One that was decided on is 409. A key of \
             an account cannot decide (403).",
        )
        .body(object([optional("reason", reason)]))
        .fails([409])
        .one(HOLD.reference())
}

/// Decides that a held message is not sent.
pub async fn reject(call: Call) -> Answer {
    let mut body = call.body.fields();
    let reason = body.optional("reason")?;
    let warnings = body.unknown();
    let view = call
        .mailroom
        .reject_hold(call.actor()?, call.parameter("hold_id"), reason)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
