//! `GET .../attachments/{attachment_id}`

use serde_json::json;

use super::message_id;
use crate::call::Call;
use crate::messages::schema::ATTACHMENT;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it for one of the two paths.
pub fn operation(id: &str) -> Operation {
    Operation::new(id, "Get what an attachment is").one(ATTACHMENT.reference())
}

/// Answers what an attachment is.
pub async fn metadata(call: Call) -> Answer {
    let grant = call.grant().await?;
    let attachment = call
        .mailroom
        .attachment(&grant, message_id(&call)?, call.parameter("attachment_id"))
        .await?;
    Ok(call.object(&json!({
        "id": attachment.id,
        "grant_id": attachment.grant_id,
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "content_id": attachment.content_id,
        "content_disposition": attachment.content_disposition,
        "is_inline": attachment.is_inline,
    })))
}
