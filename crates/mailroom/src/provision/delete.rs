//! An account is deleted.

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::{deleted_grants, grants};

use super::changes::note_deleted;
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Deletes an account for good. Its address is free when this returns; its mail is out of reach at once and removed
    /// by [`Mailroom::sweep_deleted`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_account(&self, actor: &Actor, spelling: &str) -> Result<(), Refusal> {
        let account = self.grant_for(actor, spelling).await?;
        let (mailroom, now) = (self.clone(), self.now_seconds());
        let (application, id) = (account.application, account.grant);
        let deleted = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, id)?;
                let grant = grants::find(tx, application, id)?.ok_or(Refusal::NotFound)?;
                deleted_grants::delete(tx, application, id, now)?;
                Ok::<_, Refusal>(note_deleted(tx, &mailroom, &grant)?)
            })
            .await;
        self.inner.tenancy.forget_accounts(&[id]);
        self.inner.recipients.forget(|_, _| true);
        deleted
    }
}
