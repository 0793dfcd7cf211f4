//! `PATCH /v3/workspaces/{workspace_id}`

use posthouse_mailroom::workspaces::WorkspaceChanges;

use super::schema::{WORKSPACE, governance, name};
use super::{read_governance, render};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, ignored, object, optional, replacement, text};
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("updateWorkspace", "Change a workspace")
        .about("By id only. The domain can be set once.")
        .body(
            object([
                replacement("name", name()),
                optional("domain", text().at_least(1)),
                replacement("auto_group", flag()),
                ignored("workspace_id"),
                ignored("application_id"),
            ])
            .and(governance()),
        )
        .one(WORKSPACE.reference())
}

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
