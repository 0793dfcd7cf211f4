//! `GET /v3/grants/{grant_id}/threads/{thread_id}`

use http::StatusCode;

use super::THREAD;
use super::reduce;
use crate::call::Call;
use crate::openapi::Operation;
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findThread", "Get a thread")
        .about("Whatever folders its messages are in.")
        .select()
        .one(THREAD.reference())
}

/// Answers one thread, whatever folders its messages are in.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let json = call
        .mailroom
        .get_thread(&grant, call.parameter("thread_id"))
        .await?;
    let select = call.select();
    if !select.is_everything() {
        return Ok(call.object(&reduce(&json, &select)?));
    }
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, json.len() + 128);
    Ok(reply.raw_field("data", |out| out.extend_from_slice(&json)))
}
