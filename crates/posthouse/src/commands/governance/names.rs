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

/// Tells whether a workspace has a policy.
pub fn has_policy(workspace: &Value, policy: &str) -> bool {
    workspace["policy_id"] == policy
}

/// Tells whether a workspace lists a rule.
pub fn lists_rule(workspace: &Value, rule: &str) -> bool {
    let rules = workspace["rule_ids"].as_array();
    rules.is_some_and(|ids| ids.iter().any(|id| id == rule))
}
