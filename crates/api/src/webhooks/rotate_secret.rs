//! `POST /v3/webhooks/rotate-secret/{webhook_id}` and `PUT /v3/webhooks/{webhook_id}/rotate-secret`

use super::render_revealed;
use super::schema::revealed;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::object;
use crate::routes::Answer;

/// Describes the change in the Node SDK's spelling.
pub fn operation() -> Operation {
    Operation::new("rotateWebhookSecret", "Give a webhook a new secret")
        .about("A body is not needed and has no effect.")
        .body(object([]))
        .one(revealed())
}

/// Describes the same in the other spelling.
pub fn operation_by_put() -> Operation {
    let mut operation = operation();
    operation.id = "rotateWebhookSecretByPut".to_owned();
    operation
}

/// Gives a destination a new secret and shows it; a body is not needed and has no effect.
pub async fn rotate_secret(call: Call) -> Answer {
    let id = call.parameter("webhook_id");
    let rotated = call
        .mailroom
        .rotate_webhook_secret(call.actor()?, id)
        .await?;
    Ok(call.object(&render_revealed(&rotated)))
}
