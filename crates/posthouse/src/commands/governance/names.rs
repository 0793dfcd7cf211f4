//! Which workspaces name a policy or a rule, for people.

use serde_json::Value;

use crate::output::field;

/// Returns the names of the workspaces that a condition holds for, or a word for none.
pub fn of_workspaces(workspaces: &[Value], holds: impl Fn(&Value) -> bool) -> String {
    let names: Vec<String> = workspaces
        .iter()
        .filter(|workspace| holds(workspace))
        .map(|workspace| field(workspace, "name"))
        .collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

/// The key that brings rules into the order in which they are looked at: by priority, then age.
pub fn turn(rule: &Value) -> (i64, i64, String) {
    let number = |name: &str| rule[name].as_i64().unwrap_or(i64::MAX);
    (number("priority"), number("created_at"), field(rule, "id"))
}

/// Tells whether a workspace has a policy.
pub fn has_policy(workspace: &Value, policy: &str) -> bool {
    workspace["policy_id"] == policy
}

/// Tells whether a workspace lists a rule.
pub fn lists_rule(workspace: &Value, rule: &str) -> bool {
    let rules = workspace["rule_ids"].as_array();
    rules.is_some_and(|ids| ids.iter().any(|id| id == rule))
}
