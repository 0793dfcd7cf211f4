//! Changes of a rule.

use posthouse_store::Tx;
use posthouse_store::tables::rules;
use posthouse_store::tables::workspaces;
use posthouse_types::ids::{Key, Kind};
use serde_json::Value;

use super::RuleView;
use super::check::refused;
use super::view::{document, read};
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Changes a rule: what is not sent stays, `match` and `actions` are replaced whole.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] and [`Refusal::InvalidReference`] as for a new one;
    /// [`Refusal::Forbidden`] for a key that sees the rule but does not reach the whole application.
    pub async fn update_rule(
        &self,
        actor: &Actor,
        id: &str,
        changes: Value,
    ) -> Result<RuleView, Refusal> {
        let key = self.open_id(Kind::Rule, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let mut row = mailroom.lock_rule(tx, &asking, key)?;
                let codec = mailroom.store().ids();
                let before = read(&row, codec)?;
                let after = before.updated(&changes, codec).map_err(refused)?;
                let known: Vec<Key> = before.named_lists().map(|named| named.list).collect();
                mailroom.check_lists(tx, asking.application, &after, &known)?;
                let text = document(&after, codec);
                if text != document(&before, codec) {
                    row.document = text;
                    row.updated_at = mailroom.now_seconds();
                    rules::update(tx, key, &row.document, row.updated_at)?;
                    workspaces::bump_governance_of_rule(tx, asking.application, key)?;
                    let object = Object::Row(Kind::Rule, key);
                    let entry = AuditEntry::done(asking.application, "rule.update", object);
                    mailroom.audit(tx, &entry)?;
                }
                Ok(mailroom.view_rule(&row)?)
            })
            .await
    }
}
