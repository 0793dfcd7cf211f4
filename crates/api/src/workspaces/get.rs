//! `GET /v3/workspaces/{workspace_id}`

use super::WORKSPACE;
use super::render;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("findWorkspace", "Get a workspace").one(WORKSPACE.reference())
}

/// Answers a workspace, by id or domain.
pub async fn get(call: Call) -> Answer {
    let name = call.parameter("workspace_id");
    let view = call.mailroom.get_workspace(call.actor()?, name).await?;
    Ok(call.object(&render(&view)))
}
