//! A new rule.

use posthouse_rules::policy::Cap;
use posthouse_rules::rule::Rule;
use posthouse_store::tables::applications;
use posthouse_store::tables::rules::{self, StoredRule};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::Value;

use super::RuleView;
use super::check::refused;
use super::view::document;
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Makes a rule, which acts nowhere until a workspace lists it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]; [`Refusal::InvalidReference`] for a list that is not there or does not fit;
    /// [`Refusal::PlanCap`]; [`Refusal::Forbidden`] for a key that does not reach the whole application.
    pub async fn create_rule(&self, actor: &Actor, body: &Value) -> Result<RuleView, Refusal> {
        actor.require_whole_application()?;
        let now = self.now_seconds();
        let codec = self.store().ids();
        let rule = Rule::from_json(self.store().new_key(), now, body, codec).map_err(refused)?;
        let row = StoredRule {
            id: rule.id,
            application: actor.application,
            document: document(&rule, codec),
            created_at: now,
            updated_at: now,
        };
        let mailroom = self.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                mailroom.check_rule_cap(tx, row.application)?;
                mailroom.check_lists(tx, row.application, &rule, &[])?;
                rules::insert(tx, &row)?;
                let object = Object::Row(Kind::Rule, row.id);
                mailroom.audit(
                    tx,
                    &AuditEntry::done(row.application, "rule.create", object),
                )?;
                Ok(mailroom.view_rule(&row)?)
            })
            .await
    }

    fn check_rule_cap(&self, tx: &mut dyn Tx, application: Key) -> Result<(), Refusal> {
        self.check_cap(Cap::Rules, "Rule", |_| {
            // One at a time, or two would see room for one.
            applications::lock(tx, application)?;
            Ok::<_, StoreError>(rules::count(tx, application)?.unsigned_abs())
        })
    }
}
