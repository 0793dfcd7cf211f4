//! `GET /v3/admin/applications/{application_id}/api-keys/{api_key_id}`

use super::API_KEY;
use super::render;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findApiKey", "Get an API key")
        .about("Without the key itself.")
        .one(API_KEY.reference())
}

/// Answers a key, without the key itself.
pub async fn get(call: Call) -> Answer {
    let view = call
        .mailroom
        .get_api_key(
            call.parameter("application_id"),
            call.parameter("api_key_id"),
        )
        .await?;
    Ok(call.object(&render(&view)))
}
