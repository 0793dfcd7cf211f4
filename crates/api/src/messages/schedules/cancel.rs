//! `DELETE /v3/grants/{grant_id}/messages/schedules/{schedule_id}`

use http::StatusCode;
use serde_json::json;

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, text};
use crate::routes::Answer;

/// Describes the calling off.
pub fn operation() -> Operation {
    Operation::new(
        "stopScheduledMessage",
        "Call off a message that is sent later",
    )
    .about("Until ten seconds before its time.")
    .fails([400])
    .accepted(object([("message", text())]))
}

/// Calls a message off that waits for its time.
pub async fn cancel(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("schedule_id");
    call.mailroom.cancel_schedule(&grant, id).await?;
    let data = json!({ "message": "cancellation requested" });
    Ok(call.object(&data).status(StatusCode::ACCEPTED))
}
