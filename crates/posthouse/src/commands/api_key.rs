//! `posthouse api-key`.

use serde_json::{Value, json};

use super::confirm::confirm;
use crate::cli::ApiKeyCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, moment, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: ApiKeyCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let application = api.get("/v3/applications").await?;
    let base = format!(
        "/v3/admin/applications/{}/api-keys",
        segment(&field(application.data(), "application_id"))
    );
    match command {
        ApiKeyCommand::Create {
            name,
            name_flag,
            expires_in,
            account,
            workspace,
            read_only,
            admin,
        } => {
            let mut body = json!({ "name": name.or(name_flag), "read_only": read_only });
            if admin {
                body["admin"] = Value::Bool(true);
            }
            if let Some(days) = expires_in {
                body["expires_in"] = Value::from(days);
            }
            if let Some(id) = account {
                body["scope"] = json!({ "type": "grant", "id": id });
            } else if let Some(id) = workspace {
                body["scope"] = json!({ "type": "workspace", "id": id });
            }
            create(&base, &body, api, screen).await
        }
        ApiKeyCommand::List => list(&base, api, screen).await,
        ApiKeyCommand::Revoke { key, yes } => revoke(&base, &key, yes, api, screen).await,
    }
}

async fn create(base: &str, body: &Value, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.post(base, body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let key = answer.data();
    screen.text(&screen.good("API key created."));
    let pairs = [
        ("ID", field(key, "id")),
        ("Name", field(key, "name")),
        ("Permissions", field(key, "permissions")),
        ("Scope", scope(key)),
        ("Expires", expiry(key)),
        ("Key", screen.bold(&field(key, "api_key"))),
    ];
    screen.text(&details(screen, &pairs));
    screen.text("\nKeep the key: it is not shown again.");
    Ok(())
}

async fn list(base: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(base).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No API keys. Create one:\n  posthouse api-key create --name worker");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|key| {
            vec![
                field(key, "id"),
                field(key, "name"),
                field(key, "prefix"),
                field(key, "permissions"),
                scope(key),
                field(key, "status"),
                expiry(key),
                moment(&key["last_used_at"]),
            ]
        })
        .collect();
    let headers = [
        "ID",
        "NAME",
        "PREFIX",
        "PERMISSIONS",
        "SCOPE",
        "STATUS",
        "EXPIRES",
        "LAST USED",
    ];
    screen.text(&table(screen, &headers, rows));
    Ok(())
}

async fn revoke(
    base: &str,
    key: &str,
    yes: bool,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = format!("{base}/{}", segment(key));
    let found = api.get(&path).await?;
    let name = field(found.data(), "name");
    confirm(
        &format!("Revoke the key \"{name}\"? Whoever uses it is locked out at once."),
        yes,
    )?;
    let answer = api.delete(&path).await?;
    screen.outcome(&answer, &format!("Revoked the key \"{name}\"."));
    Ok(())
}

fn scope(key: &Value) -> String {
    let scope = &key["scope"];
    match scope["type"].as_str() {
        Some("application") | None => "application".to_owned(),
        Some(_) => format!("{} {}", field(scope, "type"), field(scope, "id")),
    }
}

fn expiry(key: &Value) -> String {
    if key["expires_at"].is_null() {
        "never".to_owned()
    } else {
        moment(&key["expires_at"])
    }
}
