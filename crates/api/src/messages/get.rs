//! `GET /v3/grants/{grant_id}/messages/{message_id}`

use http::StatusCode;

use super::fields::MessageFields;
use super::list::reduce;
use super::schema::{self, MESSAGE, RAW_MESSAGE};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::either;
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findMessage", "Get a message")
        .about("Whatever folder it is in.")
        .query([schema::fields()])
        .select()
        .one(either([MESSAGE.reference(), RAW_MESSAGE.reference()]))
}

/// Answers one message, whatever folder it is in.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let fields = MessageFields::read(&call.query)?;
    let json = call
        .mailroom
        .get_message(&grant, call.parameter("message_id"), fields.detail())
        .await?;
    let select = call.select();
    if !select.is_everything() {
        return Ok(call.object(&reduce(&json, &select)?));
    }
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, json.len() + 128);
    Ok(reply.raw_field("data", |out| out.extend_from_slice(&json)))
}
