//! `GET /v3/webhooks/{webhook_id}`

use super::WEBHOOK;
use super::render;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findWebhook", "Get a webhook")
        .about("Without its secret.")
        .one(WEBHOOK.reference())
}

/// Answers one destination, without its secret.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("webhook_id");
    let destination = call.mailroom.get_webhook(call.actor()?, id).await?;
    Ok(call.object(&render(&destination)))
}
