//! `GET /v3/admin/queue/{queue_id}`

use super::render::{QUEUED_MAIL, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{all, object, text};
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    let source = [("envelope_from", text().nullable()), ("raw_mime", text())];
    Operation::new(
        "findQueuedMail",
        "Get mail for one recipient with its source",
    )
    .one(all([QUEUED_MAIL.reference(), object(source)]))
}

/// Answers mail for one recipient with its source.
pub async fn get(call: Call) -> Answer {
    let queued = call
        .mailroom
        .get_queued(call.actor()?, call.parameter("queue_id"))
        .await?;
    let mut row = render(&queued.row);
    row["envelope_from"] = queued.envelope_from.into();
    row["raw_mime"] = queued.raw_mime.into();
    Ok(call.object(&row))
}
