//! `posthouse queue`.

use base64::Engine;
use serde_json::{Value, json};

use super::confirm::confirm;
use crate::cli::QueueCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, moment, table};

const QUEUE: &str = "/v3/admin/queue";

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: QueueCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        QueueCommand::List {
            state,
            domain,
            limit,
        } => list(state.as_deref(), domain.as_deref(), limit, api, screen).await,
        QueueCommand::Show { mail, source } => show(&mail, source, api, screen).await,
        QueueCommand::Retry { mail } => {
            steer(&mail, "retry", "It is attempted now.", api, screen).await
        }
        QueueCommand::Hold { mail } => {
            let done = "It is held. Let it go:\n  posthouse queue retry ID";
            steer(&mail, "hold", done, api, screen).await
        }
        QueueCommand::Drop { mail, yes } => drop_mail(&mail, yes, api, screen).await,
    }
}

async fn list(
    state: Option<&str>,
    domain: Option<&str>,
    limit: u32,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut path = format!("{QUEUE}?limit={limit}");
    for (name, value) in [("state", state), ("domain", domain)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("Nothing waits.");
        return Ok(());
    }
    let rows = answer.rows().iter().map(row).collect();
    let heads = ["STATE", "RECIPIENT", "TRIES", "NEXT", "LAST ANSWER", "ID"];
    screen.text(&table(screen, &heads, rows));
    Ok(())
}

fn row(mail: &Value) -> Vec<String> {
    vec![
        field(mail, "state"),
        field(mail, "recipient"),
        field(mail, "attempts"),
        moment(&mail["next_attempt_at"]),
        field(mail, "last_reply"),
        field(mail, "id"),
    ]
}

/// An attempt that ended without an answer to the message may have delivered it.
fn may_have_arrived(mail: &Value) -> &'static str {
    match mail["uncertain"].as_bool() {
        Some(true) => "yes: it may arrive twice",
        _ => "no",
    }
}

async fn show(mail: &str, source: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(&format!("{QUEUE}/{}", segment(mail))).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let mail = answer.data();
    if source {
        let raw = base64::engine::general_purpose::URL_SAFE.decode(field(mail, "raw_mime"));
        screen.text(&String::from_utf8_lossy(&raw.unwrap_or_default()));
        return Ok(());
    }
    let pairs = [
        ("ID", field(mail, "id")),
        ("State", field(mail, "state")),
        ("From", field(mail, "envelope_from")),
        ("To", field(mail, "recipient")),
        ("Message", field(mail, "message_id")),
        ("Queued", moment(&mail["created_at"])),
        ("Tries", field(mail, "attempts")),
        ("Next", moment(&mail["next_attempt_at"])),
        ("Last answer", field(mail, "last_reply")),
        ("May have arrived", may_have_arrived(mail).to_owned()),
    ];
    screen.text(&details(screen, &pairs));
    Ok(())
}

async fn steer(
    mail: &str,
    verb: &str,
    done: &str,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = format!("{QUEUE}/{}/{verb}", segment(mail));
    let answer = api.post(&path, &json!({})).await?;
    screen.outcome(&answer, &screen.good(done));
    Ok(())
}

async fn drop_mail(mail: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    confirm("Drop this mail? Its sender is told that it bounced.", yes)?;
    let answer = api.delete(&format!("{QUEUE}/{}", segment(mail))).await?;
    screen.outcome(&answer, &screen.good("Dropped."));
    Ok(())
}
