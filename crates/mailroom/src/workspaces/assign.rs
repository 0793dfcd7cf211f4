//! Accounts are put into a workspace by hand.

use std::collections::HashSet;

use posthouse_store::Tx;
use posthouse_store::tables::grants::{self, Identity};
use posthouse_store::tables::workspaces;
use posthouse_types::ids::{Key, Kind};

use super::WorkspaceView;
use super::view::{WorkspaceName, find_workspace};
use crate::actor::Actor;
use crate::limits::ASSIGNED_GRANTS_MAX;
use crate::{Mailroom, Refusal};

/// What a manual assignment did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The workspace.
    pub workspace: WorkspaceView,
    /// Public ids of the accounts that are in it now because they were named.
    pub assigned: Vec<String>,
    /// Public ids of the accounts that went back to the default workspace.
    pub removed: Vec<String>,
}

impl Mailroom {
    /// Moves accounts into a workspace and others out of it, to the default one, so that no account is ever without.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when nothing or too much is named; [`Refusal::NotFound`] when the workspace or any account
    /// is not there, and then nothing is done.
    pub async fn assign_accounts(
        &self,
        actor: &Actor,
        workspace: &str,
        assign: &[String],
        remove: &[String],
    ) -> Result<Assignment, Refusal> {
        let name = self.open_workspace(workspace)?;
        check_counts(assign, remove)?;
        let assign = self.open_grants(assign)?;
        let remove = self.open_grants(remove)?;
        let both: HashSet<&Key> = assign.iter().collect();
        if remove.iter().any(|id| both.contains(id)) {
            return Err(Refusal::invalid(
                "remove_grants",
                "names a grant that assign_grants names too",
            ));
        }
        let (mailroom, asking) = (self.clone(), actor.clone());
        let (row, assigned, removed, moved) = self
            .store()
            .write(move |tx| mailroom.assign(tx, &asking, &name, &assign, &remove))
            .await?;
        self.inner.tenancy.forget_accounts(&moved);
        let ids = |keys: Vec<Key>| -> Vec<String> {
            keys.into_iter()
                .map(|key| self.public_id(Kind::Grant, key))
                .collect()
        };
        Ok(Assignment {
            workspace: row,
            assigned: ids(assigned),
            removed: ids(removed),
        })
    }

    fn open_grants(&self, ids: &[String]) -> Result<Vec<Key>, Refusal> {
        let mut keys: Vec<Key> = Vec::with_capacity(ids.len());
        for id in ids {
            keys.push(self.open_id(Kind::Grant, id)?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    #[expect(
        clippy::type_complexity,
        reason = "what one transaction hands to the one function that called it"
    )]
    fn assign(
        &self,
        tx: &mut dyn Tx,
        actor: &Actor,
        name: &WorkspaceName,
        assign: &[Key],
        remove: &[Key],
    ) -> Result<(WorkspaceView, Vec<Key>, Vec<Key>, Vec<Key>), Refusal> {
        let workspace = find_workspace(tx, actor, name)?;
        actor.require_whole_application()?;
        let default = default_workspace(tx, actor.application)?;
        let entering = all_of(tx, actor.application, assign)?;
        let leaving = all_of(tx, actor.application, remove)?;
        let assigned: Vec<Key> = entering.iter().map(|account| account.id).collect();
        let mut moves: Vec<(Identity, Key)> = entering
            .into_iter()
            .map(|account| (account, workspace.id))
            .collect();
        let mut removed = Vec::new();
        for account in leaving {
            if account.workspace == workspace.id {
                removed.push(account.id);
                moves.push((account, default));
            }
        }
        let moved = self.move_accounts(tx, &mut moves)?;
        Ok((self.view_workspace(&workspace), assigned, removed, moved))
    }
}

fn check_counts(assign: &[String], remove: &[String]) -> Result<(), Refusal> {
    if assign.is_empty() && remove.is_empty() {
        return Err(Refusal::invalid(
            "assign_grants",
            "name at least one grant here or in remove_grants",
        ));
    }
    for (field, list) in [("assign_grants", assign), ("remove_grants", remove)] {
        if list.len() > ASSIGNED_GRANTS_MAX {
            // In words: the official command line takes the digits for a failure of ours.
            return Err(Refusal::invalid(
                field,
                "expected at most five hundred grants",
            ));
        }
    }
    Ok(())
}

fn all_of(tx: &mut dyn Tx, application: Key, ids: &[Key]) -> Result<Vec<Identity>, Refusal> {
    let found = grants::identify_each(tx, application, ids)?;
    if found.len() == ids.len() {
        Ok(found)
    } else {
        Err(Refusal::NotFound)
    }
}

/// Returns the workspace of accounts that no other one claims.
pub(super) fn default_workspace(tx: &mut dyn Tx, application: Key) -> Result<Key, Refusal> {
    workspaces::default_of(tx, application)?.ok_or(Refusal::NotFound)
}
