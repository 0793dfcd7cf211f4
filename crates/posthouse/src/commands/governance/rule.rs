//! `posthouse agent rule`.

use serde_json::{Value, json};

use super::names::{lists_rule, of_workspaces, turn};
use super::rule_words::{self, then, when};
use super::{RULES, WORKSPACES, test, workspaces};
use crate::cli::{RuleCommand, RuleWords};
use crate::client::{Answer, Api, Failure, all_items, segment};
use crate::commands::confirm::confirm;
use crate::commands::named;
use crate::output::{Screen, details, field, moment, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: RuleCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        RuleCommand::List { workspace } => list(workspace.as_deref(), api, screen).await,
        RuleCommand::Get { rule } => {
            let answer = api.get(&path(&rule)).await?;
            show(&answer, screen);
            Ok(())
        }
        RuleCommand::Create {
            rule,
            workspace,
            detached,
        } => {
            let place = match (workspace, detached) {
                (_, true) => Place::Nowhere,
                (Some(name), _) => Place::Named(name),
                (None, _) => Place::Default,
            };
            create(&rule, place, api, screen).await
        }
        RuleCommand::Update { rule, words } => update(&rule, &words, api, screen).await,
        RuleCommand::Delete { rule, yes } => delete(&rule, yes, api, screen).await,
        RuleCommand::Test(args) => test::run(&args, api, screen).await,
    }
}

/// Where a new rule acts.
enum Place {
    Nowhere,
    Default,
    Named(String),
}

fn path(rule: &str) -> String {
    format!("{RULES}/{}", segment(rule))
}

async fn list(workspace: Option<&str>, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let all = all_items(api, RULES).await?;
    if screen.is_json() && workspace.is_none() {
        screen.verbatim(&all);
        return Ok(());
    }
    let groups = workspaces(api).await?;
    let mut rules: Vec<&Value> = all.items().iter().collect();
    if let Some(name) = workspace {
        let one = find_workspace(name, api).await?;
        rules.retain(|rule| lists_rule(&one, &field(rule, "id")));
    }
    if screen.is_json() {
        let shown = json!({ "request_id": all.body["request_id"], "data": { "items": rules } });
        screen.text(&shown.to_string());
        return Ok(());
    }
    if rules.is_empty() {
        screen.text("No rules yet. Create one:\n  posthouse agent rule create --name \"No spam\" --condition from.domain,is,spam.example --action block");
        return Ok(());
    }
    rules.sort_by_cached_key(|rule| turn(rule));
    let row = |rule: &&Value| {
        let id = field(rule, "id");
        let state = match rule["enabled"].as_bool() {
            Some(false) => "off",
            _ => "on",
        };
        vec![
            field(rule, "priority"),
            field(rule, "name"),
            field(rule, "trigger"),
            state.to_owned(),
            when(rule),
            then(rule),
            of_workspaces(groups.rows(), |one| lists_rule(one, &id)),
            id,
        ]
    };
    let rows = rules.iter().map(row).collect();
    let heads = [
        "PRIORITY",
        "NAME",
        "TRIGGER",
        "STATE",
        "WHEN",
        "THEN",
        "WORKSPACES",
        "ID",
    ];
    screen.text(&table(screen, &heads, rows));
    Ok(())
}

fn show(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
    } else {
        screen.text(&describe(screen, answer.data()));
    }
}

fn describe(screen: &Screen, rule: &Value) -> String {
    let state = match rule["enabled"].as_bool() {
        Some(false) => screen.caution("off"),
        _ => screen.good("on"),
    };
    let pairs = [
        ("ID", field(rule, "id")),
        ("Name", field(rule, "name")),
        ("About", field(rule, "description")),
        ("State", state),
        ("Trigger", field(rule, "trigger")),
        ("Priority", field(rule, "priority")),
        ("When", when(rule)),
        ("Then", then(rule)),
        ("Changed", moment(&rule["updated_at"])),
    ];
    details(screen, &pairs)
}

async fn create(
    words: &RuleWords,
    place: Place,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = rule_words::body(words)?;
    if !body.contains_key("match") || !body.contains_key("actions") {
        return Err(Failure::usage(
            "a rule needs at least one condition and one action",
            "add --condition FIELD,OPERATOR,VALUE and --action ACTION",
        ));
    }
    if !body.contains_key("name") {
        body.insert("name".to_owned(), json!(rule_words::name_of(&body)));
    }
    // Before the rule is made: a workspace that is not there should leave nothing behind.
    let workspace = find_place(place, api).await?;
    let made = api.post(RULES, &Value::Object(body)).await?;
    let id = field(made.data(), "id");
    if let Some(workspace) = &workspace
        && let Err(failure) = attach(&id, workspace, api).await
    {
        // As if nothing had happened; what went wrong with the workspace is what people need to know.
        drop(api.delete(&path(&id)).await);
        return Err(failure);
    }
    if screen.is_json() {
        screen.verbatim(&made);
        return Ok(());
    }
    screen.text(&screen.good("Rule ready."));
    screen.text(&describe(screen, made.data()));
    match workspace {
        Some(workspace) => {
            screen.text(&format!(
                "\nIt acts on the next message in workspace {}.",
                field(&workspace, "name")
            ));
        }
        None => {
            screen.text(&format!("\nIt acts nowhere until a workspace lists it:\n  posthouse workspace update WORKSPACE --add-rule {id}"));
        }
    }
    Ok(())
}

async fn find_place(place: Place, api: &Api) -> Result<Option<Value>, Failure> {
    match place {
        Place::Nowhere => Ok(None),
        Place::Named(name) => find_workspace(&name, api).await.map(Some),
        Place::Default => {
            let all = workspaces(api).await?;
            let default = all.rows().iter().find(|one| one["default"] == true);
            default.cloned().map(Some).ok_or_else(|| {
                Failure::usage(
                    "this API key does not reach the default workspace",
                    "add --workspace",
                )
            })
        }
    }
}

async fn find_workspace(name: &str, api: &Api) -> Result<Value, Failure> {
    let found = api.get(&format!("{WORKSPACES}/{}", segment(name))).await;
    let found = found.map_err(|failure| failure.look(named::WORKSPACES))?;
    Ok(found.data().clone())
}

async fn attach(rule: &str, workspace: &Value, api: &Api) -> Result<(), Failure> {
    let mut ids = workspace["rule_ids"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    ids.push(json!(rule));
    let one = format!(
        "{WORKSPACES}/{}",
        segment(&field(workspace, "workspace_id"))
    );
    api.patch(&one, &json!({ "rule_ids": ids })).await.map(drop)
}

async fn update(rule: &str, words: &RuleWords, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let body = rule_words::body(words)?;
    if body.is_empty() {
        return Err(Failure::usage(
            "nothing to change",
            "add --condition, --action, --enabled, --disabled or another one",
        ));
    }
    let answer = api.patch(&path(rule), &Value::Object(body)).await?;
    show(&answer, screen);
    Ok(())
}

async fn delete(rule: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let found = api.get(&path(rule)).await?;
    let (name, id) = (field(found.data(), "name"), field(found.data(), "id"));
    if !yes {
        let groups = workspaces(api).await?;
        let acting = of_workspaces(groups.rows(), |one| lists_rule(one, &id));
        confirm(
            &format!("Delete rule {name} ({id})? It acts in: {acting}."),
            yes,
        )?;
    }
    let answer = api.delete(&path(&id)).await?;
    screen.outcome(&answer, &format!("Deleted rule {name} ({id})."));
    Ok(())
}
