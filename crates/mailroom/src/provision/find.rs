//! One account is shown.

use posthouse_store::Tx;
use posthouse_store::tables::grants;

use super::AccountView;
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns an account, in any spelling of its id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for `me` with a key that is not for one account.
    pub async fn get_account(&self, actor: &Actor, spelling: &str) -> Result<AccountView, Refusal> {
        let account = self.grant_for(actor, spelling).await?;
        let mailroom = self.clone();
        self.store()
            .read(move |tx: &mut dyn Tx| {
                let row = grants::find(tx, account.application, account.grant)?;
                let row = row.ok_or(Refusal::NotFound)?;
                let mut views = mailroom.view_accounts(tx, std::slice::from_ref(&row))?;
                views.pop().ok_or(Refusal::NotFound)
            })
            .await
    }
}
