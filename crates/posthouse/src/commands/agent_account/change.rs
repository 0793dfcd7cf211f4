//! `posthouse agent account update` and `delete`.

use serde_json::{Value, json};

use super::{describe, path};
use crate::client::{Api, Failure, segment};
use crate::commands::confirm::confirm;
use crate::commands::named::{self, workspace_id};
use crate::commands::secret;
use crate::output::{Screen, field};

/// What to change; the rest stays.
pub struct Changes {
    /// New display name.
    pub name: Option<String>,
    /// New password for mail clients.
    pub app_password: Option<String>,
    /// New workspace, by id or domain.
    pub workspace: Option<String>,
}

/// Changes an account.
///
/// # Errors
/// [`Failure::Usage`] when there is nothing to change, else how the server refused it.
pub async fn update(
    account: &str,
    changes: Changes,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = json!({});
    if let Some(name) = changes.name {
        body["name"] = Value::String(name);
    }
    if let Some(workspace) = changes.workspace {
        body["workspace_id"] = Value::String(workspace_id(&workspace, api).await?);
    }
    if let Some(password) = changes.app_password {
        body["settings"] = json!({ "app_password": secret::resolve(&password)? });
    }
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(Failure::usage(
            "nothing to change",
            "add --name, --app-password or --workspace",
        ));
    }
    let answer = api.patch(&path(account), &body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&screen.good("Account updated."));
    screen.text(&describe(screen, answer.data()));
    Ok(())
}

/// Moves an account to another workspace, which may be named by its domain.
///
/// # Errors
/// Not found, or how the server refused it.
pub async fn move_to(
    account: &str,
    workspace: &str,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let found = api.get(&path(account)).await?;
    let id = field(found.data(), "id");
    let target = format!("/v3/workspaces/{}/manual-assign", segment(workspace));
    let answer = api.post(&target, &json!({ "assign_grants": [id] })).await;
    let answer = answer.map_err(|failure| failure.look(named::WORKSPACES))?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&screen.good(&format!(
        "{} is in workspace {} now.",
        field(found.data(), "email"),
        field(answer.data(), "workspace_id")
    )));
    Ok(())
}

/// Deletes an account after showing which one it is.
///
/// # Errors
/// Not found, not confirmed, or how the server refused it.
pub async fn delete(account: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let found = api.get(&path(account)).await?;
    let email = field(found.data(), "email");
    let id = field(found.data(), "id");
    confirm(
        &format!("Delete {email} ({id}) with all its mail, for good?"),
        yes,
    )?;
    // By id: the address could belong to a new account by now.
    let answer = api.delete(&path(&id)).await?;
    screen.outcome(
        &answer,
        &format!("Deleted {email} ({id}). The address is free again."),
    );
    Ok(())
}
