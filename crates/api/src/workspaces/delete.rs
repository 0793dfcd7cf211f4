//! `DELETE /v3/workspaces/{workspace_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("destroyWorkspace", "Remove a workspace")
        .about("Its accounts go to the default one.")
        .deleted()
}

/// Removes a workspace, by id or domain; its accounts go to the default one.
pub async fn delete(call: Call) -> Answer {
    let name = call.parameter("workspace_id");
    call.mailroom.delete_workspace(call.actor()?, name).await?;
    Ok(call.deleted())
}
