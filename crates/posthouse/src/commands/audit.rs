//! `posthouse audit`.

use serde_json::Value;

use super::named::account_id;
use crate::cli::AuditCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field, moment, table};

const AUDIT: &str = "/v3/admin/audit";

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: AuditCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let AuditCommand::List {
        account,
        object,
        action,
        actor,
        since,
        before,
        limit,
    } = command;
    let account = match account {
        Some(name) => Some(account_id(&name, api).await?),
        None => None,
    };
    let filters = [
        ("grant_id", account),
        ("object_id", object),
        ("action", action),
        ("actor", actor),
        ("since", since.map(|second| second.to_string())),
        ("before", before.map(|second| second.to_string())),
    ];
    let mut path = format!("{AUDIT}?limit={limit}");
    for (name, value) in filters {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(&value)));
        }
    }
    let is_filtered = path.contains('&');
    list(&path, limit, is_filtered, api, screen).await
}

async fn list(
    path: &str,
    limit: u32,
    is_filtered: bool,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let answer = api.get(path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text(match is_filtered {
            true => "Nothing of the kind is on record. All there is:\n  posthouse audit list",
            false => "Nothing is on record yet. What is changed, refused or kept from now on will be:\n  posthouse agent account create agent@agents.localhost",
        });
        return Ok(());
    }
    let row = |entry: &Value| {
        vec![
            moment(&entry["at"]),
            field(entry, "action"),
            field(entry, "outcome"),
            object(entry),
            field(entry, "recipients"),
            field(entry, "reason"),
            field(entry, "actor"),
        ]
    };
    let rows = answer.rows().iter().map(row).collect();
    let heads = [
        "AT",
        "ACTION",
        "OUTCOME",
        "OBJECT",
        "RECIPIENTS",
        "WHY",
        "WHO",
    ];
    screen.text(&table(screen, &heads, rows));
    if answer.body["next_cursor"].is_string() {
        screen.text(&format!(
            "\nThere are more: add --limit (up to 200) or --before. This was {limit}."
        ));
    }
    Ok(())
}

fn object(entry: &Value) -> String {
    match &entry["object"] {
        Value::Null => String::new(),
        object => format!("{} {}", field(object, "type"), field(object, "id")),
    }
}
