//! `posthouse workspace`.

use serde_json::{Value, json};

use super::confirm::confirm;
use super::named::account_id;
use crate::cli::{GovernanceArgs, WorkspaceCommand};
use crate::client::{Answer, Api, Failure, all_rows, segment};
use crate::output::{Screen, details, field, moment, table};

const WORKSPACES: &str = "/v3/workspaces";

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: WorkspaceCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        WorkspaceCommand::List => list(api, screen).await,
        WorkspaceCommand::Get { workspace } => {
            show(&api.get(&path(&workspace)).await?, screen);
            Ok(())
        }
        WorkspaceCommand::Create {
            name,
            domain,
            auto_group,
            governance,
        } => {
            let mut body = json!({ "name": name, "auto_group": auto_group });
            if let Some(domain) = domain {
                body["domain"] = json!(domain);
            }
            govern(&mut body, governance);
            show(&api.post(WORKSPACES, &body).await?, screen);
            Ok(())
        }
        WorkspaceCommand::Update {
            workspace,
            name,
            auto_group,
            governance,
            no_policy,
            no_rules,
            add_rule,
            remove_rule,
        } => {
            let mut body = json!({});
            if let Some(name) = name {
                body["name"] = json!(name);
            }
            if let Some(auto_group) = auto_group {
                body["auto_group"] = json!(auto_group);
            }
            if no_policy {
                body["policy_id"] = Value::Null;
            }
            if no_rules {
                body["rule_ids"] = json!([]);
            }
            govern(&mut body, governance);
            let rules = RuleChanges {
                add: add_rule,
                remove: remove_rule,
            };
            update(&workspace, body, &rules, api, screen).await
        }
        WorkspaceCommand::Delete { workspace, yes } => delete(&workspace, yes, api, screen).await,
        WorkspaceCommand::Assign {
            workspace,
            accounts,
            remove,
        } => assign(&workspace, &accounts, &remove, api, screen).await,
        WorkspaceCommand::AutoGroup {
            domain,
            invalid_also,
        } => auto_group(domain, invalid_also, api, screen).await,
    }
}

fn path(workspace: &str) -> String {
    format!("{WORKSPACES}/{}", segment(workspace))
}

fn govern(body: &mut Value, governance: GovernanceArgs) {
    if let Some(policy) = governance.policy {
        body["policy_id"] = json!(policy);
    }
    if !governance.rule.is_empty() {
        body["rule_ids"] = json!(governance.rule);
    }
}

async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = all_rows(api, WORKSPACES).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("This API key sees no workspace.");
        return Ok(());
    }
    let row = |workspace: &Value| {
        vec![
            field(workspace, "name"),
            field(workspace, "domain"),
            kind(workspace),
            policy(workspace),
            rules(workspace).to_string(),
            field(workspace, "workspace_id"),
        ]
    };
    let rows = answer.rows().iter().map(row).collect();
    let heads = ["NAME", "DOMAIN", "TAKES", "POLICY", "RULES", "ID"];
    screen.text(&table(screen, &heads, rows));
    Ok(())
}

/// Which new accounts go to it.
fn kind(workspace: &Value) -> String {
    let text = match (
        workspace["default"].as_bool(),
        workspace["auto_group"].as_bool(),
    ) {
        (Some(true), _) => "all others",
        (_, Some(true)) => "its domain's",
        _ => "who is named",
    };
    text.to_owned()
}

fn policy(workspace: &Value) -> String {
    match field(workspace, "policy_id") {
        none if none.is_empty() => "none".to_owned(),
        id => id,
    }
}

fn rules(workspace: &Value) -> usize {
    workspace["rule_ids"].as_array().map_or(0, Vec::len)
}

fn show(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let workspace = answer.data();
    let pairs = [
        ("ID", field(workspace, "workspace_id")),
        ("Name", field(workspace, "name")),
        ("Domain", field(workspace, "domain")),
        ("Takes", format!("new accounts: {}", kind(workspace))),
        ("Policy", policy(workspace)),
        ("Rules", field(workspace, "rule_ids")),
        ("Created", moment(&workspace["created_at"])),
    ];
    screen.text(&details(screen, &pairs));
}

/// Rules that begin and cease to act in a workspace; the others stay.
struct RuleChanges {
    add: Vec<String>,
    remove: Vec<String>,
}

impl RuleChanges {
    fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// What the workspace lists from now on.
    fn applied_to(&self, workspace: &Value) -> Value {
        let listed = workspace["rule_ids"].as_array().cloned();
        let mut ids = listed.unwrap_or_default();
        ids.retain(|id| !self.remove.iter().any(|gone| id == gone));
        ids.extend(self.add.iter().map(|id| json!(id)));
        Value::Array(ids)
    }
}

/// Changes go by id alone, so a domain is looked up first.
async fn update(
    workspace: &str,
    mut body: Value,
    rules: &RuleChanges,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    if body.as_object().is_some_and(serde_json::Map::is_empty) && rules.is_empty() {
        return Err(Failure::usage(
            "nothing to change",
            "add --name, --auto-group, --policy, --add-rule or another one",
        ));
    }
    let found = api.get(&path(workspace)).await?;
    if !rules.is_empty() {
        body["rule_ids"] = rules.applied_to(found.data());
    }
    let id = field(found.data(), "workspace_id");
    show(&api.patch(&path(&id), &body).await?, screen);
    Ok(())
}

async fn delete(workspace: &str, yes: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let found = api.get(&path(workspace)).await?;
    let (name, id) = (
        field(found.data(), "name"),
        field(found.data(), "workspace_id"),
    );
    confirm(
        &format!("Delete workspace {name} ({id})? Its accounts go to the default one."),
        yes,
    )?;
    let answer = api.delete(&path(&id)).await?;
    screen.outcome(&answer, &format!("Deleted workspace {name} ({id})."));
    Ok(())
}

/// Moves accounts, which people may name by address.
async fn assign(
    workspace: &str,
    accounts: &[String],
    remove: &[String],
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let body = json!({
        "assign_grants": ids_of(accounts, api).await?,
        "remove_grants": ids_of(remove, api).await?,
    });
    let answer = api
        .post(&format!("{}/manual-assign", path(workspace)), &body)
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let count = |name: &str| answer.data()[name].as_array().map_or(0, Vec::len);
    screen.text(&screen.good(&format!(
        "{} in it now, {} back in the default workspace.",
        accounts_text(count("grants_assigned")),
        accounts_text(count("grants_removed")),
    )));
    Ok(())
}

fn accounts_text(count: usize) -> String {
    match count {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    }
}

/// Returns the ids of accounts that are named by id or address.
async fn ids_of(accounts: &[String], api: &Api) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::with_capacity(accounts.len());
    for account in accounts {
        ids.push(account_id(account, api).await?);
    }
    Ok(ids)
}

async fn auto_group(
    domain: Option<String>,
    invalid_also: bool,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut body = json!({ "invalid_also": invalid_also });
    if let Some(domain) = domain {
        body["specific_domain"] = json!(domain);
    }
    let answer = api.post(&format!("{WORKSPACES}/auto-group"), &body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
    } else {
        screen.text(&screen.good(&format!("Done: {}.", field(answer.data(), "message"))));
        screen.text("Workspaces that were made for it have no policy and no rules yet:\n  posthouse agent overview");
    }
    Ok(())
}
