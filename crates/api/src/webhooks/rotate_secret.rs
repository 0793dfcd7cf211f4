//! `POST /v3/webhooks/rotate-secret/{webhook_id}` and `PUT /v3/webhooks/{webhook_id}/rotate-secret`

use super::render_revealed;
use crate::call::Call;
use crate::routes::Answer;

/// Gives a destination a new secret and shows it; a body is not needed and has no effect.
pub async fn rotate_secret(call: Call) -> Answer {
    let id = call.parameter("webhook_id");
    let rotated = call
        .mailroom
        .rotate_webhook_secret(call.actor()?, id)
        .await?;
    Ok(call.object(&render_revealed(&rotated)))
}
