//! The end of a rule.

use posthouse_store::Tx;
use posthouse_store::tables::{rules, workspaces};
use posthouse_types::ids::{Key, Kind};

use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::limits::DETACHED_WORKSPACES_PER_STEP_MAX;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Removes a rule, after taking it off the workspaces that list it, in small steps.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Forbidden`] for a key that sees the rule but does not reach the whole application.
    pub async fn delete_rule(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let key = self.open_id(Kind::Rule, id)?;
        // Ends: each step takes it off workspaces, and those that list it anew are few.
        loop {
            let (mailroom, asking) = (self.clone(), actor.clone());
            let is_gone = self
                .store()
                .write(move |tx: &mut dyn Tx| mailroom.delete_rule_step(tx, &asking, key))
                .await?;
            if is_gone {
                return Ok(());
            }
        }
    }

    /// Takes a rule off some workspaces; removes it when no more list it. Returns whether it is gone.
    fn delete_rule_step(&self, tx: &mut dyn Tx, actor: &Actor, id: Key) -> Result<bool, Refusal> {
        // From here on nobody attaches it.
        self.lock_rule(tx, actor, id)?;
        let application = actor.application;
        let most = DETACHED_WORKSPACES_PER_STEP_MAX;
        let listing = workspaces::listing_rule(tx, application, id, most)?;
        let now = self.now_seconds();
        for workspace in &listing {
            let mut rules = workspace.rules.clone();
            rules.retain(|rule| *rule != id);
            workspaces::set_governance(tx, workspace.id, workspace.policy, &rules, now)?;
            workspaces::bump_governance(tx, workspace.id)?;
        }
        if listing.len() as i64 == most {
            return Ok(false);
        }
        rules::delete(tx, application, id)?;
        let object = Object::Row(Kind::Rule, id);
        self.audit(tx, &AuditEntry::done(application, "rule.delete", object))?;
        Ok(true)
    }
}
