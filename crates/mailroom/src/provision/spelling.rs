//! How clients spell an account: its id, its address, or `me`.

use posthouse_store::Tx;
use posthouse_store::tables::grants::{self, GrantName, Identity};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Kind;

use crate::actor::{Actor, GrantRef, Scope};
use crate::{Mailroom, Refusal};

impl From<Identity> for GrantRef {
    fn from(account: Identity) -> Self {
        Self {
            application: account.application,
            grant: account.id,
            email: account.email,
        }
    }
}

impl Mailroom {
    /// Resolves a spelling of an account: its id, `grant:<id>`, its address, `email:<address>`, or `me`.
    ///
    /// The answer may be [`crate::limits::ACCOUNT_AGE_US_MAX`] old when another process changed the account; a change
    /// made in this process acts at once.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not there or not within the key's reach; [`Refusal::Invalid`] for `me` with a
    /// key that is not for one account.
    pub async fn grant_for(&self, actor: &Actor, spelling: &str) -> Result<GrantRef, Refusal> {
        self.identity_for(actor, spelling).await.map(GrantRef::from)
    }

    /// Resolves an account in any spelling of its id, as a key reaches it.
    pub(super) async fn identity_for(
        &self,
        actor: &Actor,
        spelling: &str,
    ) -> Result<Identity, Refusal> {
        let name = self.read_spelling(actor, spelling)?;
        let now_us = self.clock().unix_us();
        let account = match self.inner.tenancy.accounts.get(&name, now_us) {
            Some(account) => account,
            None => self.look_account_up(name, now_us).await?,
        };
        if !actor.reaches(&account) {
            return Err(Refusal::NotFound);
        }
        Ok(account)
    }

    fn read_spelling(&self, actor: &Actor, spelling: &str) -> Result<GrantName, Refusal> {
        if spelling == "me" {
            return match actor.scope {
                Scope::Grant(grant) => Ok(GrantName::Id(grant)),
                Scope::Application | Scope::Workspace(_) => Err(Refusal::invalid(
                    "grant_id",
                    "`me` needs an API key for one grant",
                )),
            };
        }
        if let Some(id) = spelling.strip_prefix("grant:") {
            return self.open_id(Kind::Grant, id).map(GrantName::Id);
        }
        let address = spelling.strip_prefix("email:").unwrap_or(spelling);
        if address.contains('@') {
            let address = EmailAddress::parse_strict(address).map_err(|_| Refusal::NotFound)?;
            return Ok(GrantName::Email(address.folded()));
        }
        self.open_id(Kind::Grant, spelling).map(GrantName::Id)
    }

    async fn look_account_up(&self, name: GrantName, now_us: i64) -> Result<Identity, Refusal> {
        let remembered = &self.inner.tenancy.accounts;
        let began = remembered.generation();
        let asked = name.clone();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| grants::identify(tx, &asked))
            .await;
        let account = found.map_err(Refusal::from)?.ok_or(Refusal::NotFound)?;
        remembered.keep(name, account.clone(), now_us, began);
        Ok(account)
    }
}
