//! Changes of an account.

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, Grant, GrantUpdate};
use posthouse_store::tables::workspaces;
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::AccountView;
use super::changes::note_updated;
use super::create::no_such_workspace;
use crate::actor::{Actor, GrantRef};
use crate::names::check_name;
use crate::passwords::AppPassword;
use crate::{Mailroom, Refusal};

/// What an update says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct AccountChanges {
    /// Its display name; `Some(None)` clears it.
    pub name: Option<Option<String>>,
    /// Public id of the workspace it moves to.
    pub workspace_id: Option<String>,
    /// Must be the address it has.
    pub email: Option<String>,
    /// Sets or rotates the password; `Some(None)` ends protocol access.
    pub app_password: Option<Option<AppPassword>>,
    /// `local+anything@` is delivered to it.
    pub plus_addressing: Option<bool>,
}

/// The checked form of a change; `None` keeps.
#[derive(Debug, Clone, Default)]
pub(super) struct Rewrite {
    /// Empty for none.
    pub(super) name: Option<String>,
    pub(super) workspace: Option<Key>,
    pub(super) plus_addressing: Option<bool>,
    pub(super) app_password_hash: Option<Option<String>>,
}

impl Mailroom {
    /// Changes an account and returns all of it; a change that changes nothing leaves no trace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`], [`Refusal::InvalidReference`] for a workspace that the key does not
    /// reach.
    pub async fn update_account(
        &self,
        actor: &Actor,
        spelling: &str,
        changes: AccountChanges,
    ) -> Result<AccountView, Refusal> {
        let account = self.grant_for(actor, spelling).await?;
        check_same_address(&account.email, changes.email.as_deref())?;
        if let Some(Some(name)) = &changes.name {
            check_name("name", name)?;
        }
        if let Some(Some(password)) = &changes.app_password {
            password.check("settings.app_password")?;
        }
        let workspace = match changes.workspace_id.as_deref() {
            Some(id) => Some(self.open_reachable_workspace(actor, id).await?),
            None => None,
        };
        let app_password_hash = match changes.app_password {
            None => None,
            Some(None) => Some(None),
            Some(Some(password)) => {
                let cost = self.config().bcrypt_cost;
                Some(Some(
                    self.inner.tenancy.passwords.hash(password, cost).await?,
                ))
            }
        };
        let rewrite = Rewrite {
            name: changes.name.map(Option::unwrap_or_default),
            workspace,
            plus_addressing: changes.plus_addressing,
            app_password_hash,
        };
        let mailroom = self.clone();
        let view = self
            .store()
            .write(move |tx| {
                let after = mailroom
                    .rewrite(tx, account.application, account.grant, &rewrite)?
                    .ok_or(Refusal::NotFound)?;
                let mut views = mailroom.view_accounts(tx, std::slice::from_ref(&after))?;
                views.pop().ok_or(Refusal::NotFound)
            })
            .await?;
        self.inner.tenancy.forget_accounts(&[account.grant]);
        self.inner.recipients.forget(|_, _| true);
        Ok(view)
    }

    async fn open_reachable_workspace(&self, actor: &Actor, id: &str) -> Result<Key, Refusal> {
        let workspace = self
            .open_id(Kind::Workspace, id)
            .map_err(|_| no_such_workspace())?;
        if !actor.reaches_workspace(workspace) {
            return Err(no_such_workspace());
        }
        let application = actor.application;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| workspaces::find(tx, application, workspace))
            .await
            .map_err(Refusal::from)?;
        found.map(|row| row.id).ok_or_else(no_such_workspace)
    }

    /// Applies a change within a transaction; `None` when the account is gone.
    pub(super) fn rewrite(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        id: Key,
        rewrite: &Rewrite,
    ) -> Result<Option<Grant>, Refusal> {
        Dialect::lock_grant(tx, id)?;
        let Some(before) = grants::find(tx, application, id)? else {
            return Ok(None);
        };
        if let Some(workspace) = rewrite.workspace
            && !workspaces::hold(tx, application, workspace)?
        {
            return Err(no_such_workspace());
        }
        let mut after = before.clone();
        if let Some(name) = &rewrite.name {
            after.name.clone_from(name);
        }
        after.workspace = rewrite.workspace.unwrap_or(after.workspace);
        after.plus_addressing = rewrite.plus_addressing.unwrap_or(after.plus_addressing);
        // A password that is set again is a rotation: whether it is the same one cannot and need not be told.
        let rotated = matches!(rewrite.app_password_hash, Some(Some(_)));
        if let Some(hash) = &rewrite.app_password_hash {
            after.has_app_password = hash.is_some();
        }
        if after == before && !rotated {
            return Ok(Some(after));
        }
        after.updated_at = self.now_seconds();
        let update = GrantUpdate {
            name: &after.name,
            workspace: after.workspace,
            plus_addressing: after.plus_addressing,
            updated_at: after.updated_at,
        };
        grants::update(tx, id, &update)?;
        if let Some(hash) = &rewrite.app_password_hash {
            grants::set_app_password(tx, id, hash.as_deref())?;
        }
        note_updated(tx, self, &after)?;
        if after.workspace != before.workspace {
            let account = GrantRef {
                application,
                grant: id,
                email: after.email.clone(),
            };
            self.equip_account(tx, &account, after.workspace)?;
        }
        Ok(Some(after))
    }
}

/// Clients send the address back with every change; it can never become another one.
fn check_same_address(email: &str, given: Option<&str>) -> Result<(), Refusal> {
    let Some(given) = given else { return Ok(()) };
    let same = EmailAddress::parse_strict(given).is_ok_and(|address| address.folded() == email);
    if same {
        return Ok(());
    }
    Err(Refusal::invalid(
        "settings.email",
        "the address of an account cannot be changed",
    ))
}
