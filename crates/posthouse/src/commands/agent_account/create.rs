//! `posthouse agent account create`.

use serde_json::{Value, json};

use super::describe;
use crate::client::{Api, Failure};
use crate::commands::named::workspace_id;
use crate::commands::secret;
use crate::output::{Screen, field};

/// What was asked for.
pub struct NewAccount {
    /// The address.
    pub email: String,
    /// Display name.
    pub name: Option<String>,
    /// Password for mail clients.
    pub app_password: Option<String>,
    /// Workspace, by id or domain.
    pub workspace: Option<String>,
}

/// Creates the account and prints it with the commands to try next.
///
/// # Errors
/// How the server refused it.
pub async fn run(account: NewAccount, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let mut body = json!({ "provider": "nylas", "settings": { "email": account.email } });
    if let Some(name) = account.name {
        body["name"] = Value::String(name);
    }
    if let Some(workspace) = account.workspace {
        body["workspace_id"] = Value::String(workspace_id(&workspace, api).await?);
    }
    if let Some(password) = account.app_password {
        body["settings"]["app_password"] = Value::String(secret::resolve(&password)?);
    }
    let answer = api.post("/v3/connect/custom", &body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let grant = answer.data();
    let email = field(grant, "email");
    screen.text(&screen.good("Agent account ready."));
    screen.text(&describe(screen, grant));
    screen.text(&format!(
        "\n{}\n  posthouse email list {email}\n  posthouse agent account get {email}\n  posthouse webhook create --url https://your.app/hook --trigger message.created",
        screen.bold("Next:"),
    ));
    Ok(())
}
