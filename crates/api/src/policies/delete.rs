//! `DELETE /v3/policies/{policy_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyPolicy", "Remove a policy")
        .about("Workspaces that named it have none from then on.")
        .deleted()
}

/// Removes a policy.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("policy_id");
    call.mailroom.delete_policy(call.actor()?, id).await?;
    Ok(call.deleted())
}
