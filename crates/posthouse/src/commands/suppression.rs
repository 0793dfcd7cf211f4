//! `posthouse suppression`.

use serde_json::{Value, json};

use crate::cli::{SuppressionCommand, SuppressionReason};
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field, moment, table};

const SUPPRESSIONS: &str = "/v3/suppressions";

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: SuppressionCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        SuppressionCommand::List {
            address,
            reason,
            workspace,
            limit,
        } => {
            let mut path = format!("{SUPPRESSIONS}?limit={limit}");
            let filters = [
                ("address", address.as_deref()),
                ("reason", reason.map(SuppressionReason::word)),
                ("workspace_id", workspace.as_deref()),
            ];
            for (name, value) in filters {
                if let Some(value) = value {
                    path.push_str(&format!("&{name}={}", segment(value)));
                }
            }
            list(&path, limit, api, screen).await
        }
        SuppressionCommand::Add {
            addresses,
            reason,
            workspace,
        } => {
            let mut body = json!({ "addresses": addresses, "reason": reason.word() });
            if let Some(id) = workspace {
                body["workspace_id"] = Value::from(id);
            }
            add(&body, api, screen).await
        }
        SuppressionCommand::Remove { name } => remove(&name, api, screen).await,
    }
}

async fn list(path: &str, limit: u32, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No suppressed addresses.");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|row| {
            vec![
                field(row, "address"),
                field(row, "reason"),
                whose(row),
                moment(&row["created_at"]),
                end(row),
            ]
        })
        .collect();
    let headers = ["ADDRESS", "REASON", "FOR", "SINCE", "UNTIL"];
    screen.text(&table(screen, &headers, rows));
    if answer.body["next_cursor"].is_string() {
        screen.text(&format!(
            "\nThere are more: add --limit (up to 200). This was {limit}."
        ));
    }
    Ok(())
}

async fn add(body: &Value, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.post(SUPPRESSIONS, body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    for row in answer.rows() {
        let line = format!("Nothing is sent to {} any more.", field(row, "address"));
        screen.text(&screen.good(&line));
    }
    Ok(())
}

async fn remove(name: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api
        .delete(&format!("{SUPPRESSIONS}/{}", segment(name)))
        .await?;
    screen.outcome(&answer, &format!("Took {name} off the suppression list."));
    Ok(())
}

fn whose(row: &Value) -> String {
    if row["workspace_id"].is_null() {
        "application".to_owned()
    } else {
        format!("workspace {}", field(row, "workspace_id"))
    }
}

fn end(row: &Value) -> String {
    if row["expires_at"].is_null() {
        "removed".to_owned()
    } else {
        moment(&row["expires_at"])
    }
}
