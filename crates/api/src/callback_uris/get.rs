//! `GET /v3/applications/redirect-uris/{callback_uri_id}`

use super::render;
use super::schema::CALLBACK_URI;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it for one of the two names that these objects have.
pub fn operation(word: &str) -> Operation {
    Operation::new(format!("find{word}"), "Get a callback URI").one(CALLBACK_URI.reference())
}

/// Answers a callback URI.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("callback_uri_id");
    let view = call.mailroom.get_callback_uri(call.actor()?, id).await?;
    Ok(call.object(&render(&view)))
}
