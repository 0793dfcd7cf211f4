//! `DELETE /v3/rules/{rule_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyRule", "Delete a rule")
        .about("It is taken off all workspaces that list it.")
        .deleted()
}

/// Deletes a rule.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("rule_id");
    call.mailroom.delete_rule(call.actor()?, id).await?;
    Ok(call.deleted())
}
