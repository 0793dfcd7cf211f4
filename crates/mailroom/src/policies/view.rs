//! Policies as they are shown.

use posthouse_rules::policy::Policy;
use posthouse_store::tables::policies::PolicyRow;
use posthouse_types::ids::Kind;
use serde_json::Value;

use crate::{Mailroom, Refusal};

/// A policy as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyView {
    /// Public id.
    pub id: String,
    /// Public id of its application.
    pub application_id: String,
    /// Public id of the organisation.
    pub organization_id: String,
    /// What it says, as an object: `name`, `limits` with the numbers that hold, `rules`, `options`, `spam_detection`,
    /// `outbound_guard`.
    pub members: Value,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Mailroom {
    pub(super) fn view_policy(&self, row: &PolicyRow, policy: &Policy) -> PolicyView {
        PolicyView {
            id: self.public_id(Kind::Policy, row.id),
            application_id: self.public_id(Kind::Application, row.application),
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            members: policy.to_shown(self.operator_plan()),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Reads what the store keeps. Damage is an error and never an empty policy: what cannot be read limits nothing.
pub(crate) fn read_policy(document: &str) -> Result<Policy, Refusal> {
    let damaged = || Refusal::Internal {
        message: "a policy is damaged".to_owned(),
    };
    let document: Value = serde_json::from_str(document).map_err(|_| damaged())?;
    Policy::from_stored(&document).map_err(|_| damaged())
}
