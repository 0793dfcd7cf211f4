//! Rules as they are kept and shown.

use posthouse_rules::rule::Rule;
use posthouse_store::StoreError;
use posthouse_store::tables::rules::StoredRule;
use posthouse_types::ids::{IdCodec, Kind};
use serde_json::{Map, Value};

use crate::Mailroom;

/// A rule as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleView {
    /// Public id.
    pub id: String,
    /// What clients write: `name`, `description`, `priority`, `enabled`, `trigger`, `match`, `actions`.
    pub members: Map<String, Value>,
    /// Public id of its application.
    pub application_id: String,
    /// Public id of the organisation.
    pub organization_id: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Mailroom {
    pub(super) fn view_rule(&self, row: &StoredRule) -> Result<RuleView, StoreError> {
        let codec = self.store().ids();
        Ok(RuleView {
            id: self.public_id(Kind::Rule, row.id),
            members: read(row, codec)?.to_json(codec),
            application_id: self.public_id(Kind::Application, row.application),
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Reads a rule as it is kept; one that cannot be read is damage, never no rule.
pub(super) fn read(row: &StoredRule, codec: &IdCodec) -> Result<Rule, StoreError> {
    let damage = |what: String| StoreError::Damaged(format!("rule {}: {what}", row.id.0));
    let value: Value =
        serde_json::from_str(&row.document).map_err(|error| damage(error.to_string()))?;
    Rule::from_stored(row.id, row.created_at, &value, codec)
        .map_err(|fault| damage(format!("{}: {}", fault.field, fault.message)))
}

/// Writes a rule as it is kept.
pub(super) fn document(rule: &Rule, codec: &IdCodec) -> String {
    Value::Object(rule.to_json(codec)).to_string()
}
