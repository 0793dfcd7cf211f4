//! Which policy and rules a workspace names.

use posthouse_store::Tx;
use posthouse_store::tables::workspaces::Workspace;
use posthouse_store::tables::{policies, rules};
use posthouse_types::ids::{Key, Kind};

use crate::audit::{AuditEntry, Object};
use crate::limits::WORKSPACE_RULES_MAX;
use crate::{Mailroom, Refusal};

/// What a client says about policy and rules; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct Governance {
    /// Attaches a policy, or detaches it with `Some(None)`.
    pub policy_id: Option<Option<String>>,
    /// Replaces the rules.
    pub rule_ids: Option<Vec<String>>,
}

/// The same with keys; whether they name anything is not known yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    policy: Option<Option<Key>>,
    rules: Option<Vec<Key>>,
}

impl Mailroom {
    /// Reads ids, each once; what can be no id of ours is refused here.
    pub(super) fn open_governance(&self, said: &Governance) -> Result<Named, Refusal> {
        let policy = match &said.policy_id {
            None => None,
            Some(None) => Some(None),
            Some(Some(id)) if id.is_empty() => {
                return Err(Refusal::invalid("policy_id", "expected an id or null"));
            }
            Some(Some(id)) => {
                let opened = self.open_id(Kind::Policy, id);
                Some(Some(
                    opened.map_err(|_| unknown("policy_id", "policy", id))?,
                ))
            }
        };
        let Some(ids) = &said.rule_ids else {
            return Ok(Named {
                policy,
                rules: None,
            });
        };
        let mut rules: Vec<Key> = Vec::with_capacity(ids.len().min(WORKSPACE_RULES_MAX));
        for id in ids {
            let opened = self.open_id(Kind::Rule, id);
            let rule = opened.map_err(|_| unknown("rule_ids", "rule", id))?;
            if rules.contains(&rule) {
                continue;
            }
            if rules.len() == WORKSPACE_RULES_MAX {
                // In words: the official command line takes some digits for a failure of ours.
                return Err(Refusal::invalid(
                    "rule_ids",
                    format!("expected at most {WORKSPACE_RULES_MAX} rules"),
                ));
            }
            rules.push(rule);
        }
        Ok(Named {
            policy,
            rules: Some(rules),
        })
    }

    /// Attaches what is named to a workspace that the transaction holds; what it has already is not looked at again.
    pub(super) fn apply_governance(
        &self,
        tx: &mut dyn Tx,
        workspace: &mut Workspace,
        named: &Named,
    ) -> Result<(), Refusal> {
        if let Some(policy) = named.policy {
            if let Some(key) = policy.filter(|key| workspace.policy != Some(*key)) {
                self.check_policy(tx, workspace.application, key)?;
            }
            workspace.policy = policy;
        }
        if let Some(rules) = &named.rules {
            for rule in rules.iter().filter(|rule| !workspace.rules.contains(rule)) {
                self.check_rule(tx, workspace.application, *rule)?;
            }
            workspace.rules.clone_from(rules);
        }
        Ok(())
    }

    fn check_policy(&self, tx: &mut dyn Tx, application: Key, policy: Key) -> Result<(), Refusal> {
        if policies::hold(tx, application, policy)?.is_some() {
            return Ok(());
        }
        let id = self.public_id(Kind::Policy, policy);
        Err(unknown("policy_id", "policy", &id))
    }

    fn check_rule(&self, tx: &mut dyn Tx, application: Key, rule: Key) -> Result<(), Refusal> {
        if rules::hold(tx, application, rule)? {
            return Ok(());
        }
        let id = self.public_id(Kind::Rule, rule);
        Err(unknown("rule_ids", "rule", &id))
    }
}

/// Returns what is put on record of a workspace: what governs it from then on.
pub(super) fn noted<'a>(workspace: &'a Workspace, action: &'static str) -> AuditEntry<'a> {
    AuditEntry {
        policy: workspace.policy,
        rules: &workspace.rules,
        ..AuditEntry::done(
            workspace.application,
            action,
            Object::Row(Kind::Workspace, workspace.id),
        )
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
