//! `posthouse agent overview`: accounts, their workspaces, and what governs them.

use serde_json::{Value, json};

use super::list::lists_of;
use super::names::{has_policy, lists_rule, turn};
use super::rule_words::{then, when};
use super::{LISTS, POLICIES, RULES, workspaces};
use crate::client::{Api, Failure, all_grants, all_items, all_rows};
use crate::output::{Screen, clean, field};

/// Accounts of a workspace that are shown by name.
const ACCOUNTS_SHOWN_MAX: usize = 20;

/// Everything there is, as the API answered it.
struct World {
    accounts: Vec<Value>,
    workspaces: Vec<Value>,
    policies: Vec<Value>,
    rules: Vec<Value>,
    lists: Vec<Value>,
}

/// Prints accounts by workspace with policy, rules and lists. What is named and missing, or there and named by nothing, is
/// marked.
///
/// # Errors
/// Whatever the server said.
pub async fn run(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let world = World {
        accounts: all_grants(api).await?.rows().to_vec(),
        workspaces: workspaces(api).await?.rows().to_vec(),
        policies: all_rows(api, POLICIES).await?.rows().to_vec(),
        rules: all_items(api, RULES).await?.items().to_vec(),
        lists: all_rows(api, LISTS).await?.rows().to_vec(),
    };
    if screen.is_json() {
        let all = json!({
            "accounts": world.accounts,
            "workspaces": world.workspaces,
            "policies": world.policies,
            "rules": world.rules,
            "lists": world.lists,
            "dangling": world.dangling(),
        });
        screen.text(&all.to_string());
        return Ok(());
    }
    for workspace in &world.workspaces {
        world.print_workspace(workspace, screen);
    }
    world.print_unused(screen);
    if world.accounts.is_empty() {
        screen.text("No agent accounts yet. Create one:\n  posthouse agent account create agent@agents.localhost");
    }
    Ok(())
}

impl World {
    fn print_workspace(&self, workspace: &Value, screen: &Screen) {
        let id = field(workspace, "workspace_id");
        let mut about = vec![id.clone()];
        if workspace["default"] == true {
            about.push("default".to_owned());
        }
        if workspace["domain"].is_string() {
            about.push(match workspace["auto_group"].as_bool() {
                Some(true) => format!("new accounts of {}", field(workspace, "domain")),
                _ => field(workspace, "domain"),
            });
        }
        let name = screen.bold(&field(workspace, "name"));
        screen.text(&format!("{name} ({})", about.join(", ")));
        screen.text(&format!("  Accounts  {}", self.accounts_of(&id)));
        screen.text(&format!(
            "  Policy    {}",
            self.policy_of(workspace, screen)
        ));
        let rules = workspace["rule_ids"].as_array();
        let ids: Vec<&str> = rules
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if ids.is_empty() {
            screen.text("  Rules     none");
        }
        for (place, id) in self.in_order(ids).into_iter().enumerate() {
            let head = if place == 0 { "Rules " } else { "      " };
            self.print_rule(head, id, screen);
        }
        screen.text("");
    }

    fn accounts_of(&self, workspace: &str) -> String {
        let own: Vec<String> = self
            .accounts
            .iter()
            .filter(|account| account["workspace_id"] == workspace)
            .map(|account| match account["blocked"].as_bool() {
                Some(true) => format!("{} (suspended)", field(account, "email")),
                _ => field(account, "email"),
            })
            .collect();
        if own.is_empty() {
            return "none".to_owned();
        }
        let shown = own[..own.len().min(ACCOUNTS_SHOWN_MAX)].join(", ");
        match own.len().saturating_sub(ACCOUNTS_SHOWN_MAX) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }

    fn policy_of(&self, workspace: &Value, screen: &Screen) -> String {
        let Some(id) = workspace["policy_id"].as_str() else {
            return "none".to_owned();
        };
        match self.policies.iter().find(|policy| policy["id"] == id) {
            Some(policy) => format!("{} ({})", field(policy, "name"), clean(id)),
            None => screen.bad(&format!("missing ({})", clean(id))),
        }
    }

    /// Brings rules into the order in which they are looked at; those that are missing come last.
    fn in_order<'a>(&self, ids: Vec<&'a str>) -> Vec<&'a str> {
        let place = |id: &&str| {
            let rule = self.rules.iter().find(|rule| rule["id"] == **id);
            turn(rule.unwrap_or(&Value::Null))
        };
        let mut ids = ids;
        ids.sort_by_cached_key(place);
        ids
    }

    fn print_rule(&self, head: &str, id: &str, screen: &Screen) {
        let Some(rule) = self.rules.iter().find(|rule| rule["id"] == id) else {
            screen.text(&format!(
                "  {head}    {}",
                screen.bad(&format!("missing ({})", clean(id)))
            ));
            return;
        };
        let off = match rule["enabled"].as_bool() {
            Some(false) => screen.caution(" [off]"),
            _ => String::new(),
        };
        screen.text(&format!(
            "  {head}    {} {} {}{off}: {} → {}",
            field(rule, "priority"),
            field(rule, "trigger"),
            field(rule, "name"),
            when(rule),
            then(rule),
        ));
        for list in lists_of(rule) {
            let shown = match self.lists.iter().find(|one| one["id"] == list) {
                Some(one) => format!(
                    "{} ({}, {} {}s)",
                    field(one, "name"),
                    clean(list),
                    field(one, "items_count"),
                    field(one, "type")
                ),
                None => screen.bad(&format!("missing ({})", clean(list))),
            };
            screen.text(&format!("              list {shown}"));
        }
    }

    fn print_unused(&self, screen: &Screen) {
        let unused = [
            ("policy", "in no workspace", self.unused_policies()),
            ("rule", "in no workspace", self.unused_rules()),
            ("list", "in no rule", self.unused_lists()),
        ];
        for (noun, why, all) in unused {
            for one in all {
                let text = format!(
                    "{noun} {} ({}) is {why}",
                    field(one, "name"),
                    field(one, "id")
                );
                screen.text(&format!("{} {text}", screen.caution("dangling:")));
            }
        }
    }

    fn unused_policies(&self) -> Vec<&Value> {
        let is_unused = |policy: &&Value| {
            let id = field(policy, "id");
            !self.workspaces.iter().any(|one| has_policy(one, &id))
        };
        self.policies.iter().filter(is_unused).collect()
    }

    fn unused_rules(&self) -> Vec<&Value> {
        let is_unused = |rule: &&Value| {
            let id = field(rule, "id");
            !self.workspaces.iter().any(|one| lists_rule(one, &id))
        };
        self.rules.iter().filter(is_unused).collect()
    }

    fn unused_lists(&self) -> Vec<&Value> {
        let is_unused = |list: &&Value| {
            let id = field(list, "id");
            !self
                .rules
                .iter()
                .any(|rule| super::list::names_list(rule, &id))
        };
        self.lists.iter().filter(is_unused).collect()
    }

    /// Ids of what is named and missing, and of what nothing names.
    fn dangling(&self) -> Value {
        let ids = |all: Vec<&Value>| -> Vec<Value> {
            all.into_iter().map(|one| one["id"].clone()).collect()
        };
        let missing_lists: Vec<&str> = self
            .rules
            .iter()
            .flat_map(lists_of)
            .filter(|id| !self.lists.iter().any(|list| list["id"] == **id))
            .collect();
        json!({
            "unused_policies": ids(self.unused_policies()),
            "unused_rules": ids(self.unused_rules()),
            "unused_lists": ids(self.unused_lists()),
            "missing_lists": missing_lists,
        })
    }
}
