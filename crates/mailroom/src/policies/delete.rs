//! The end of a policy.

use posthouse_store::Tx;
use posthouse_store::tables::policies;
use posthouse_types::ids::Kind;

use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Removes a policy; the workspaces that named it have none from then on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Forbidden`] for a key that does not reach the whole application.
    pub async fn delete_policy(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        if let Err(refusal) = actor.require_whole_application() {
            self.get_policy(actor, id).await?;
            return Err(refusal);
        }
        let key = self.open_id(Kind::Policy, id)?;
        let (mailroom, application) = (self.clone(), actor.application);
        self.store()
            .write(move |tx: &mut dyn Tx| {
                policies::lock(tx, application, key)?.ok_or(Refusal::NotFound)?;
                policies::detach(tx, key, mailroom.now_seconds())?;
                policies::delete(tx, application, key)?;
                let object = Object::Row(Kind::Policy, key);
                let mut entry = AuditEntry::done(application, "policy.delete", object);
                entry.policy = Some(key);
                mailroom.audit(tx, &entry)?;
                Ok(())
            })
            .await
    }
}
