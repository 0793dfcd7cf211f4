//! What holds for the accounts of a workspace: its policy under the operator's plan.

use serde_json::{Map, Value, json};

use super::document::{Policy, SpamDetection};
use super::guard::Guard;
use super::limit::{Limit, smaller};
use super::plan::Plan;
use super::types::{AttachmentReadings, TypePattern};

/// The limits and settings in force. A smaller plan wins over a policy that was written under a larger one.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    limits: [i64; Limit::ALL.len()],
    /// Types of attachments that are let in; empty: all.
    pub allowed_types: Vec<TypePattern>,
    /// How arriving mail is judged.
    pub spam: SpamDetection,
    /// What is looked for in outgoing mail.
    pub guard: Guard,
    /// Folders that the accounts have.
    pub additional_folders: Vec<String>,
}

impl Effective {
    /// Brings a policy and a plan together; without a policy only the plan and the presets hold.
    #[must_use]
    pub fn of(policy: Option<&Policy>, plan: &Plan) -> Self {
        let limits = Limit::ALL.map(|limit| {
            let given = policy.and_then(|policy| policy.given(limit));
            match (given, plan.configured(limit)) {
                (None, _) => plan.default_of(limit),
                (Some(given), None) => given,
                (Some(given), Some(cap)) => smaller(given, cap),
            }
        });
        Self {
            limits,
            allowed_types: policy
                .map(|one| one.allowed_types.clone())
                .unwrap_or_default(),
            spam: policy.map(|one| one.spam.clone()).unwrap_or_default(),
            guard: policy.map(|one| one.guard.clone()).unwrap_or_default(),
            additional_folders: policy
                .map(|one| one.additional_folders.clone())
                .unwrap_or_default(),
        }
    }

    /// Returns a limit; `None` where there is none.
    #[must_use]
    pub fn limit(&self, limit: Limit) -> Option<u64> {
        u64::try_from(self.limits[limit as usize]).ok()
    }

    /// Tells whether an attachment is let in: everything that a reader could take it for must be.
    #[must_use]
    pub fn allows_type(&self, readings: &AttachmentReadings<'_>) -> bool {
        if self.allowed_types.is_empty() {
            return true;
        }
        readings.types().iter().all(|one| {
            self.allowed_types
                .iter()
                .any(|pattern| pattern.matches(one))
        })
    }

    /// Writes the limits as a reader sees them; `-1` where there is none.
    #[must_use]
    pub fn limits_json(&self) -> Value {
        let mut limits = Map::new();
        for limit in Limit::ALL {
            limits.insert(limit.name().to_owned(), json!(self.limits[limit as usize]));
        }
        let types: Vec<String> = self.allowed_types.iter().map(ToString::to_string).collect();
        limits.insert("limit_attachment_allowed_types".to_owned(), json!(types));
        let sent = self.limits[Limit::SentPerDay as usize];
        limits.insert(
            "limit_count_daily_message_per_grant".to_owned(),
            json!(sent),
        );
        Value::Object(limits)
    }
}
