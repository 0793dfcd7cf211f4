//! `DELETE /v3/grants/{grant_id}`

use crate::call::Call;
use crate::routes::Answer;

/// Deletes an account for good; its address is free at once.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .delete_account(call.actor()?, call.parameter("grant_id"))
        .await?;
    Ok(call.deleted())
}
