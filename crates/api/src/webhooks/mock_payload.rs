//! `POST /v3/webhooks/mock-payload`

use http::StatusCode;

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{any, ignored, map, object, optional, text};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the sample.
pub fn operation() -> Operation {
    Operation::new("getMockPayload", "Get a sample notification")
        .about("Nothing is sent.")
        .body(object([
            optional("trigger_type", text().example("message.created")),
            ignored("webhook_url"),
        ]))
        .one(map(any()))
}

/// Answers a complete sample notification; nothing is sent.
pub async fn mock_payload(call: Call) -> Answer {
    let mut body = call.body.fields();
    let trigger: Option<String> = body.optional("trigger_type")?;
    body.ignore(&["webhook_url"]);
    let warnings = body.unknown();
    let sample = call
        .mailroom
        .sample_notification(call.actor()?, trigger.as_deref())?;
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, sample.len());
    let reply = reply.raw_field("data", |buffer| buffer.extend_from_slice(&sample));
    Ok(reply.warnings(&warnings))
}
