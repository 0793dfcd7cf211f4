//! `GET /v3/applications/redirect-uris/{callback_uri_id}`

use super::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers a callback URI.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("callback_uri_id");
    let view = call.mailroom.get_callback_uri(call.actor()?, id).await?;
    Ok(call.object(&render(&view)))
}
