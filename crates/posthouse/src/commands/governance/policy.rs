//! `posthouse agent policy`.

use serde_json::{Value, json};

use super::names::{has_policy, of_workspaces};
use super::{POLICIES, data, workspaces};
use crate::cli::{DataArgs, PolicyCommand};
use crate::client::{Answer, Api, Failure, all_rows, segment};
use crate::commands::confirm::confirm;
use crate::output::{Screen, clean, details, field, moment, size, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: PolicyCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        PolicyCommand::List => list(api, screen).await,
        PolicyCommand::Get { policy } => {
            let answer = api.get(&path(&policy)).await?;
            show(&answer, screen);
            Ok(())
        }
        PolicyCommand::Create { name, data } => create(name, &data, api, screen).await,
        PolicyCommand::Update { policy, name, data } => {
            update(&policy, name, &data, api, screen).await
        }
        PolicyCommand::Delete { policy, yes } => delete(&policy, yes, api, screen).await,
    }
}

fn path(policy: &str) -> String {
    format!("{POLICIES}/{}", segment(policy))
}

async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = all_rows(api, POLICIES).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No policies yet: accounts have the operator's limits. Create one:\n  posthouse agent policy create --name Trials --data '{\"limits\": {\"limit_count_daily_email_sent\": 100}}'");
        return Ok(());
    }
    let groups = workspaces(api).await?;
    let row = |policy: &Value| {
        let id = field(policy, "id");
        vec![
            field(policy, "name"),
            of_workspaces(groups.rows(), |one| has_policy(one, &id)),
            a_day(policy, "limit_count_daily_email_sent"),
            a_day(policy, "limit_count_daily_message_received"),
            bytes(policy, "limit_storage_total"),
            field(&policy["spam_detection"], "spam_sensitivity"),
            id,
        ]
    };
    let rows = answer.rows().iter().map(row).collect();
    let heads = [
        "NAME",
        "WORKSPACES",
        "SENDS",
        "RECEIVES",
        "STORAGE",
        "SPAM",
        "ID",
    ];
    screen.text(&table(screen, &heads, rows));
    Ok(())
}

fn a_day(policy: &Value, name: &str) -> String {
    match policy["limits"][name].as_i64() {
        Some(-1) => "unlimited".to_owned(),
        Some(count) => format!("{count} a day"),
        None => String::new(),
    }
}

fn bytes(policy: &Value, name: &str) -> String {
    match policy["limits"][name].as_i64() {
        Some(-1) => "unlimited".to_owned(),
        Some(_) => size(&policy["limits"][name]),
        None => String::new(),
    }
}

fn days(policy: &Value, name: &str) -> String {
    match policy["limits"][name].as_i64() {
        Some(-1) => "for good".to_owned(),
        Some(days) => format!("{days} days"),
        None => String::new(),
    }
}

fn show(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let policy = answer.data();
    let limits = &policy["limits"];
    let spam = &policy["spam_detection"];
    let types = match field(limits, "limit_attachment_allowed_types") {
        all if all.is_empty() => "all".to_owned(),
        types => types,
    };
    let pairs = [
        ("ID", field(policy, "id")),
        ("Name", field(policy, "name")),
        ("Sends", a_day(policy, "limit_count_daily_email_sent")),
        (
            "Receives",
            a_day(policy, "limit_count_daily_message_received"),
        ),
        ("Storage", bytes(policy, "limit_storage_total")),
        ("Message", bytes(policy, "limit_size_total_mime")),
        ("Attachment", bytes(policy, "limit_attachment_size_limit")),
        ("Attachments", field(limits, "limit_attachment_count_limit")),
        ("Types", types),
        ("Inbox kept", days(policy, "limit_inbox_retention_period")),
        ("Junk kept", days(policy, "limit_spam_retention_period")),
        ("Spam", field(spam, "spam_sensitivity")),
        ("DNS lists", field(spam, "use_list_dnsbl")),
        ("Guard", guard(&policy["outbound_guard"])),
        ("Changed", moment(&policy["updated_at"])),
    ];
    screen.text(&details(screen, &pairs));
}

/// What of the outbound guard is on.
fn guard(guard: &Value) -> String {
    let Some(members) = guard.as_object() else {
        return String::new();
    };
    let mut on: Vec<String> = members
        .iter()
        .filter_map(|(name, action)| {
            let action = action.as_str().filter(|action| *action != "off")?;
            Some(clean(&format!("{name} {action}")))
        })
        .collect();
    match guard["patterns"].as_array().map_or(0, Vec::len) {
        0 => {}
        1 => on.push("1 pattern".to_owned()),
        count => on.push(format!("{count} patterns")),
    }
    match on.is_empty() {
        true => "off".to_owned(),
        false => on.join(", "),
    }
}

async fn create(
    name: Option<String>,
    args: &DataArgs,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = data::read(args)?;
    if let Some(name) = name {
        body.insert("name".to_owned(), json!(name));
    }
    if !body.contains_key("name") {
        return Err(Failure::usage("a policy needs a name", "add --name"));
    }
    let answer = api.post(POLICIES, &Value::Object(body)).await?;
    show(&answer, screen);
    if !screen.is_json() {
        let id = field(answer.data(), "id");
        screen.text(&format!(
            "\n{} let it govern a workspace:\n  posthouse workspace update WORKSPACE --policy {id}",
            screen.bold("Next:")
        ));
    }
    Ok(())
}

async fn update(
    policy: &str,
    name: Option<String>,
    args: &DataArgs,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = data::read(args)?;
    if let Some(name) = name {
        body.insert("name".to_owned(), json!(name));
    }
    if body.is_empty() {
        return Err(Failure::usage(
            "nothing to change",
            "add --name, --data or --data-file",
        ));
    }
    let answer = api.patch(&path(policy), &Value::Object(body)).await?;
    show(&answer, screen);
    Ok(())
}

async fn delete(policy: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let found = api.get(&path(policy)).await?;
    let (name, id) = (field(found.data(), "name"), field(found.data(), "id"));
    if !yes {
        let groups = workspaces(api).await?;
        let governed = of_workspaces(groups.rows(), |one| has_policy(one, &id));
        confirm(
            &format!("Delete policy {name} ({id})? Workspaces it governs: {governed}."),
            yes,
        )?;
    }
    let answer = api.delete(&path(&id)).await?;
    screen.outcome(&answer, &format!("Deleted policy {name} ({id})."));
    Ok(())
}
