//! `GET /v3/admin/applications/{application_id}/api-keys/{api_key_id}`

use super::render;
use crate::call::Call;
use crate::routes::Answer;

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
