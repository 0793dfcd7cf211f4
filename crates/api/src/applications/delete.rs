//! `DELETE /v3/applications/{application_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the removal.
pub fn operation() -> Operation {
    Operation::new(
        "destroyApplication",
        "Remove an application that has no accounts",
    )
    .deleted()
}

/// Removes an application that has no accounts, for operators.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .delete_application(call.parameter("application_id"))
        .await?;
    Ok(call.deleted())
}
