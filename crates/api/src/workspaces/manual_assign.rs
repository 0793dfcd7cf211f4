//! `POST /v3/workspaces/{workspace_id}/manual-assign`

use serde_json::json;

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{list, object, optional, text, uuid};
use crate::routes::Answer;
use posthouse_mailroom::limits::ASSIGNED_GRANTS_MAX;

/// Describes it.
pub fn operation() -> Operation {
    let accounts = || list(text()).at_most(ASSIGNED_GRANTS_MAX);
    Operation::new(
        "assignToWorkspace",
        "Move accounts into a workspace, and others out of it",
    )
    .body(object([
        optional("assign_grants", accounts()),
        optional(
            "remove_grants",
            accounts().about("These go to the default workspace."),
        ),
    ]))
    .one(object([
        ("application_id", uuid()),
        ("workspace_id", uuid()),
        ("domain", text().nullable()),
        ("grants_assigned", list(uuid())),
        ("grants_removed", list(uuid())),
    ]))
}

/// Moves accounts into a workspace, and others out of it to the default one.
pub async fn manual_assign(call: Call) -> Answer {
    let mut body = call.body.fields();
    let assign: Vec<String> = body.optional("assign_grants")?.unwrap_or_default();
    let remove: Vec<String> = body.optional("remove_grants")?.unwrap_or_default();
    let warnings = body.unknown();
    let name = call.parameter("workspace_id");
    let done = call
        .mailroom
        .assign_accounts(call.actor()?, name, &assign, &remove)
        .await?;
    let object = json!({
        "application_id": done.workspace.application_id,
        "workspace_id": done.workspace.workspace_id,
        "domain": done.workspace.domain,
        "grants_assigned": done.assigned,
        "grants_removed": done.removed,
    });
    Ok(call.object(&object).warnings(&warnings))
}
