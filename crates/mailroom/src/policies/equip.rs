//! Accounts get the folders that their workspace's policy wants: when it attaches, when it changes, when they join.

use posthouse_rules::policy::Policy;
use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, Identity};
use posthouse_store::tables::policies;
use posthouse_types::ids::Key;

use super::view::read_policy;
use crate::actor::GrantRef;
use crate::names::check_name;
use crate::organise::{check_folder_path, ensure_folder_path};
use crate::{Mailroom, Refusal};

/// Accounts that one step equips.
const ACCOUNTS_PER_STEP_MAX: i64 = 50;
/// Workspaces that one step looks at.
const WORKSPACES_PER_STEP_MAX: i64 = 200;

/// Refuses a name that no policy may have, and names that no folder may have.
pub(super) fn check_names(policy: &Policy) -> Result<(), Refusal> {
    check_name("name", &policy.name)?;
    for name in &policy.additional_folders {
        check_folder_path(name).map_err(|refusal| match refusal {
            Refusal::Invalid { message, .. } => {
                Refusal::invalid("options.additional_folders", message)
            }
            other => other,
        })?;
    }
    Ok(())
}

impl Mailroom {
    /// Makes the folders that the policy of a workspace wants in one account, which is locked by the transaction.
    pub(crate) fn equip_account(
        &self,
        tx: &mut dyn Tx,
        account: &GrantRef,
        workspace: Key,
    ) -> Result<(), Refusal> {
        let Some(row) = policies::of_workspace(tx, account.application, workspace)? else {
            return Ok(());
        };
        let policy = read_policy(&row.document)?;
        self.make_folders(tx, account, &policy.additional_folders)
    }

    fn make_folders(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        names: &[String],
    ) -> Result<(), Refusal> {
        for name in names {
            match ensure_folder_path(tx, self, grant, name) {
                Ok(()) => {}
                // Full, or nested too deep under what is there: the account works without it.
                Err(Refusal::Invalid { message, .. }) => {
                    tracing::warn!("a policy's folder was not made: {message}");
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Makes the folders that a policy wants in the accounts of all its workspaces, in small steps.
    pub(super) async fn equip_under_policy(
        &self,
        application: Key,
        policy: Key,
    ) -> Result<(), Refusal> {
        let mut behind = Key(0);
        // Ends: each step goes on behind the last one's workspaces.
        loop {
            let found = self
                .store()
                .read(move |tx: &mut dyn Tx| {
                    policies::workspaces_under(tx, policy, behind, WORKSPACES_PER_STEP_MAX)
                })
                .await
                .map_err(Refusal::from)?;
            let Some(last) = found.last() else {
                return Ok(());
            };
            behind = *last;
            for workspace in found {
                self.equip_workspace(application, workspace).await?;
            }
        }
    }

    /// Makes the folders that a workspace's policy wants in all its accounts, in small steps.
    pub(crate) async fn equip_workspace(
        &self,
        application: Key,
        workspace: Key,
    ) -> Result<(), Refusal> {
        let mut behind = None;
        // Ends: each step goes on behind the last one's accounts.
        loop {
            let mailroom = self.clone();
            let last = self
                .store()
                .write(move |tx: &mut dyn Tx| {
                    mailroom.equip_step(tx, application, workspace, behind)
                })
                .await?;
            if last.is_none() {
                return Ok(());
            }
            behind = last;
        }
    }

    fn equip_step(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        workspace: Key,
        behind: Option<Key>,
    ) -> Result<Option<Key>, Refusal> {
        let Some(row) = policies::of_workspace(tx, application, workspace)? else {
            return Ok(None);
        };
        let names = read_policy(&row.document)?.additional_folders;
        if names.is_empty() {
            return Ok(None);
        }
        let accounts = grants::of_workspace(tx, workspace, behind, ACCOUNTS_PER_STEP_MAX)?;
        for account in &accounts {
            Dialect::lock_grant(tx, account.id)?;
        }
        for account in &accounts {
            match self.make_folders(tx, &reference(account), &names) {
                // Deleted while we waited for it.
                Ok(()) | Err(Refusal::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(accounts.last().map(|account| account.id))
    }
}

/// Returns how use cases name an account.
pub(crate) fn reference(account: &Identity) -> GrantRef {
    GrantRef {
        application: account.application,
        grant: account.id,
        email: account.email.clone(),
    }
}
