//! `DELETE /v3/admin/applications/{application_id}/api-keys/{api_key_id}`

use crate::call::Call;
use crate::routes::Answer;

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
