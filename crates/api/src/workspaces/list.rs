//! `GET /v3/workspaces`

use serde_json::Value;

use super::WORKSPACE;
use super::render;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("listWorkspaces", "List workspaces")
        .about("All in one page, oldest first.")
        .page(WORKSPACE.reference())
}

/// Answers all workspaces in one page.
pub async fn list(call: Call) -> Answer {
    let views = call.mailroom.list_workspaces(call.actor()?).await?;
    let rows: Vec<Value> = views.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
