//! `DELETE /v3/admin/applications/{application_id}/api-keys/{api_key_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyApiKey", "Revoke an API key")
        .about("At once.")
        .deleted()
}

/// Revokes a key at once.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .revoke_api_key(
            call.parameter("application_id"),
            call.parameter("api_key_id"),
        )
        .await?;
    Ok(call.deleted())
}
