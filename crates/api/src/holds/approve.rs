//! `POST /v3/holds/{hold_id}/approve`

use super::schema::{HOLD, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, optional, text};
use crate::routes::Answer;

/// Describes the approval.
pub fn operation() -> Operation {
    let note = text().about("What whoever approves has to say.");
    Operation::new("approveHold", "Approve a message that waits")
        .about(
            "It is sent now, the whole way: quotas, suppressions and rules that block count, and what asked for the \
             approval does not. Where it cannot be sent (403, 429 and others) it goes on waiting. One that was decided on \
             is 409. A key of an account cannot decide (403).",
        )
        .body(object([optional("note", note)]))
        .fails([409, 423])
        .one(HOLD.reference())
}

/// Sends a held message.
pub async fn approve(call: Call) -> Answer {
    let mut body = call.body.fields();
    let note = body.optional("note")?;
    let warnings = body.unknown();
    let view = call
        .mailroom
        .approve_hold(call.actor()?, call.parameter("hold_id"), note)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
