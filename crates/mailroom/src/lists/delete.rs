//! The end of a list: it is gone at once, its items go in small steps.

use posthouse_store::tables::lists;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::limits::LIST_ITEMS_PER_STEP_MAX;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Removes a list. Rules that name it stay and find nothing in it any more.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Forbidden`] for a key that sees the list but does not reach the whole application.
    pub async fn delete_list(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let key = self.open_id(Kind::List, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let list = mailroom.lock_list(tx, &asking, key)?;
                lists::delete(tx, asking.application, key)?;
                let entry = AuditEntry {
                    reason: &format!("it had {} items", list.items_count),
                    ..AuditEntry::done(
                        asking.application,
                        "list.delete",
                        Object::Row(Kind::List, key),
                    )
                };
                mailroom.audit(tx, &entry)?;
                Ok::<_, Refusal>(())
            })
            .await
    }

    /// Removes some of the items of lists that are gone; returns whether there may be more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sweep_deleted_lists(&self) -> Result<bool, StoreError> {
        let removed = self
            .store()
            .write(|tx: &mut dyn Tx| lists::sweep_deleted(tx, LIST_ITEMS_PER_STEP_MAX))
            .await?;
        Ok(removed > 0)
    }
}
