//! `DELETE /v3/applications/{application_id}`

use crate::call::Call;
use crate::routes::Answer;

/// Removes an application that has no accounts, for operators.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .delete_application(call.parameter("application_id"))
        .await?;
    Ok(call.deleted())
}
