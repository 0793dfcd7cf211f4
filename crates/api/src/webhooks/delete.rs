//! `DELETE /v3/webhooks/{webhook_id}`

use serde_json::json;

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{constant, object};
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyWebhook", "Delete a webhook")
        .one(object([("status", constant("success"))]))
}

/// Deletes a destination; the answer has a body of its own, which official clients read.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("webhook_id");
    call.mailroom.delete_webhook(call.actor()?, id).await?;
    Ok(call.object(&json!({ "status": "success" })))
}
