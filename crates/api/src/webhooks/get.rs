//! `GET /v3/webhooks/{webhook_id}`

use super::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers one destination, without its secret.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("webhook_id");
    let destination = call.mailroom.get_webhook(call.actor()?, id).await?;
    Ok(call.object(&render(&destination)))
}
