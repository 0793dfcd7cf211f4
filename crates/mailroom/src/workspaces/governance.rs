//! Which policy and rules a workspace names.

use std::collections::BTreeSet;

use crate::Refusal;
use crate::limits::WORKSPACE_RULES_MAX;

/// What a client says about policy and rules; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct Governance {
    /// Attaches a policy, or detaches it with `Some(None)`.
    pub policy_id: Option<Option<String>>,
    /// Replaces the rules.
    pub rule_ids: Option<Vec<String>>,
}

impl Governance {
    /// Refuses whatever names a policy or a rule: this release has none, so nothing can be attached.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if let Some(Some(id)) = &self.policy_id {
            return Err(match id.as_str() {
                "" => Refusal::invalid("policy_id", "expected an id or null"),
                id => unknown("policy_id", "policy", id),
            });
        }
        let distinct: BTreeSet<&String> = self.rule_ids.iter().flatten().collect();
        if distinct.len() > WORKSPACE_RULES_MAX {
            return Err(Refusal::invalid(
                "rule_ids",
                format!("expected at most {WORKSPACE_RULES_MAX} rules"),
            ));
        }
        match self.rule_ids.iter().flatten().next() {
            Some(id) => Err(unknown("rule_ids", "rule", id)),
            None => Ok(()),
        }
    }
}

fn unknown(field: &str, noun: &str, id: &str) -> Refusal {
    // What a client sent is repeated only as far as an id could be long.
    let shown: String = id.chars().filter(|c| !c.is_control()).take(64).collect();
    Refusal::InvalidReference {
        field: field.to_owned(),
        message: format!("invalid {noun} ID \"{shown}\""),
    }
}
