//! `POST /v3/workspaces`

use posthouse_mailroom::workspaces::NewWorkspace;

use super::schema::{WORKSPACE, governance, name};
use super::{read_governance, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, object, optional, required, text};
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("createWorkspace", "Create a workspace")
        .body(
            object([
                required("name", name()),
                optional("domain", text().at_least(1)),
                optional("auto_group", flag().default_is(false)),
            ])
            .and(governance()),
        )
        .one(WORKSPACE.reference())
}

/// Makes a workspace.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let new = NewWorkspace {
        name: body.required("name")?,
        domain: body.optional("domain")?,
        auto_group: body.optional("auto_group")?.unwrap_or(false),
        governance: read_governance(&mut body)?,
    };
    let warnings = body.unknown();
    let view = call.mailroom.create_workspace(call.actor()?, new).await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
