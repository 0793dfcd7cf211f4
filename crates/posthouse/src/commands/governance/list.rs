//! `posthouse agent list`.

use std::path::Path;

use serde_json::{Value, json};

use super::{LISTS, RULES, data};
use crate::cli::ListCommand;
use crate::client::{Answer, Api, Failure, all_items, all_rows, segment};
use crate::commands::confirm::confirm;
use crate::output::{Screen, clean, details, field, moment, table};

/// Items that one call takes.
const ITEMS_PER_CALL: usize = 1_000;

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: ListCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        ListCommand::List => list(api, screen).await,
        ListCommand::Get { list } => {
            let answer = api.get(&path(&list)).await?;
            show(&answer, screen);
            Ok(())
        }
        ListCommand::Create {
            name,
            kind,
            description,
        } => {
            let body = json!({ "name": name, "type": kind.word(), "description": description });
            create(&body, api, screen).await
        }
        ListCommand::Update {
            list,
            name,
            description,
        } => update(&list, name, description, api, screen).await,
        ListCommand::Delete { list, yes } => delete(&list, yes, api, screen).await,
        ListCommand::Items { list, limit, all } => {
            items(&list, (!all).then_some(limit), api, screen).await
        }
        ListCommand::Add { list, items } => change(&list, items, Way::Add, api, screen).await,
        ListCommand::Remove { list, items } => change(&list, items, Way::Remove, api, screen).await,
    }
}

/// What becomes of items.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Add,
    Remove,
}

fn path(list: &str) -> String {
    format!("{LISTS}/{}", segment(list))
}

async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = all_rows(api, LISTS).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No lists yet. Create one, and put something on it:\n  posthouse agent list create --name \"Bad domains\" --type domain\n  posthouse agent list add ID spam.example");
        return Ok(());
    }
    let rules = all_items(api, RULES).await?;
    let row = |list: &Value| {
        let id = field(list, "id");
        vec![
            field(list, "name"),
            field(list, "type"),
            field(list, "items_count"),
            users(rules.items(), &id),
            id,
        ]
    };
    let rows = answer.rows().iter().map(row).collect();
    screen.text(&table(
        screen,
        &["NAME", "TYPE", "ITEMS", "RULES", "ID"],
        rows,
    ));
    Ok(())
}

/// The names of the rules that look into a list.
fn users(rules: &[Value], list: &str) -> String {
    let names: Vec<String> = rules
        .iter()
        .filter(|rule| names_list(rule, list))
        .map(|rule| field(rule, "name"))
        .collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// Tells whether a condition of a rule looks into a list.
pub fn names_list(rule: &Value, list: &str) -> bool {
    lists_of(rule).any(|id| id == list)
}

/// The ids of the lists that a rule looks into.
pub fn lists_of(rule: &Value) -> impl Iterator<Item = &str> {
    let conditions = rule["match"]["conditions"].as_array().into_iter().flatten();
    conditions
        .filter(|condition| {
            matches!(
                condition["operator"].as_str(),
                Some("in_list" | "not_in_list")
            )
        })
        .flat_map(|condition| condition["value"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
}

fn show(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let list = answer.data();
    let pairs = [
        ("ID", field(list, "id")),
        ("Name", field(list, "name")),
        ("About", field(list, "description")),
        ("Type", field(list, "type")),
        ("Items", field(list, "items_count")),
        ("Changed", moment(&list["updated_at"])),
    ];
    screen.text(&details(screen, &pairs));
}

async fn create(body: &Value, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.post(LISTS, body).await?;
    show(&answer, screen);
    if !screen.is_json() {
        let id = field(answer.data(), "id");
        screen.text(&format!(
            "\n{}\n  posthouse agent list add {id} ITEM\n  posthouse agent rule create --condition from.{},in_list,{id} --action block",
            screen.bold("Next:"),
            field(answer.data(), "type"),
        ));
    }
    Ok(())
}

async fn update(
    list: &str,
    name: Option<String>,
    description: Option<String>,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = json!({});
    for (member, text) in [("name", name), ("description", description)] {
        if let Some(text) = text {
            body[member] = Value::String(text);
        }
    }
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(Failure::usage(
            "nothing to change",
            "add --name or --description",
        ));
    }
    let answer = api.patch(&path(list), &body).await?;
    show(&answer, screen);
    Ok(())
}

async fn delete(list: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let found = api.get(&path(list)).await?;
    let (name, id) = (field(found.data(), "name"), field(found.data(), "id"));
    if !yes {
        let rules = all_items(api, RULES).await?;
        let used = users(rules.items(), &id);
        let count = field(found.data(), "items_count");
        confirm(
            &format!(
                "Delete list {name} ({id}) with {count} items? Rules that look into it: {used}."
            ),
            yes,
        )?;
    }
    let answer = api.delete(&path(&id)).await?;
    screen.outcome(&answer, &format!("Deleted list {name} ({id})."));
    Ok(())
}

async fn items(list: &str, limit: Option<u32>, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let path = format!("{}/items", path(list));
    let answer = match limit {
        Some(limit) => api.get(&format!("{path}?limit={limit}")).await?,
        None => all_rows(api, &path).await?,
    };
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text(&format!(
            "Nothing is on it. Put something on it:\n  posthouse agent list add {} ITEM",
            clean(list)
        ));
        return Ok(());
    }
    let row = |item: &Value| vec![field(item, "value"), moment(&item["created_at"])];
    let rows = answer.rows().iter().map(row).collect();
    screen.text(&table(screen, &["ITEM", "SINCE"], rows));
    if answer.body["next_cursor"].is_string() {
        screen.text("\nThere are more: add --all.");
    }
    Ok(())
}

async fn change(
    list: &str,
    items: Vec<String>,
    way: Way,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let items = read(items)?;
    let path = format!("{}/items", path(list));
    let mut last = None;
    for chunk in items.chunks(ITEMS_PER_CALL) {
        let body = json!({ "items": chunk });
        last = Some(match way {
            Way::Add => api.post(&path, &body).await?,
            Way::Remove => api.delete_with(&path, &body).await?,
        });
    }
    let Some(answer) = last else {
        return Err(Failure::Usage {
            message: "no items were named".to_owned(),
            fix: None,
        });
    };
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let done = match way {
        Way::Add => "Added; rules see it with the next message.",
        Way::Remove => "Removed; rules see it with the next message.",
    };
    screen.text(&screen.good(done));
    show(&answer, screen);
    Ok(())
}

/// Returns the items, or the lines of standard input for `-`.
fn read(items: Vec<String>) -> Result<Vec<String>, Failure> {
    if items != ["-"] {
        return Ok(items);
    }
    let text = data::read_file(Path::new("-"))?;
    let lines = text.lines().map(str::trim);
    Ok(lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}
