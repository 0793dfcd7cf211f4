//! `PATCH /v3/workspaces/{workspace_id}`

use posthouse_mailroom::workspaces::WorkspaceChanges;

use super::{read_governance, render};
use crate::body::Change;
use crate::call::Call;
use crate::routes::Answer;

/// Changes a workspace, by id only.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    body.ignore(&["workspace_id", "application_id"]);
    let changes = WorkspaceChanges {
        name: body.replacement("name")?,
        domain: match body.change("domain")? {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(domain) => Some(Some(domain)),
        },
        auto_group: body.replacement("auto_group")?,
        governance: read_governance(&mut body)?,
    };
    let warnings = body.unknown();
    let id = call.parameter("workspace_id");
    let view = call
        .mailroom
        .update_workspace(call.actor()?, id, changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
