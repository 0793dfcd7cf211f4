//! `DELETE /v3/grants/{grant_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyGrant", "Delete an account for good")
        .about("With all its mail; its address is free at once.")
        .deleted()
}

/// Deletes an account for good; its address is free at once.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .delete_account(call.actor()?, call.parameter("grant_id"))
        .await?;
    Ok(call.deleted())
}
