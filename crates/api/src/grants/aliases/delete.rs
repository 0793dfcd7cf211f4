//! `DELETE /v3/grants/{grant_id}/aliases/{address}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the removal.
pub fn operation() -> Operation {
    Operation::new("destroyAlias", "Take a further address away")
        .fails([403])
        .deleted()
}

/// Takes a further address away from an account.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    call.mailroom
        .remove_alias(call.actor()?, &grant, call.parameter("address"))
        .await?;
    Ok(call.deleted())
}
