//! `DELETE /v3/workspaces/{workspace_id}`

use crate::call::Call;
use crate::routes::Answer;

/// Removes a workspace, by id or domain; its accounts go to the default one.
pub async fn delete(call: Call) -> Answer {
    let name = call.parameter("workspace_id");
    call.mailroom.delete_workspace(call.actor()?, name).await?;
    Ok(call.deleted())
}
