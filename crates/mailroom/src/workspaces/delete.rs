//! The end of a workspace.

use posthouse_store::Tx;
use posthouse_store::tables::grants::{self, Identity};
use posthouse_store::tables::{suppressions, workspaces};
use posthouse_types::ids::Key;

use super::assign::default_workspace;
use super::governance::noted;
use super::view::{WorkspaceName, find_workspace};
use crate::actor::Actor;
use crate::limits::MOVED_GRANTS_PER_STEP_MAX;
use crate::{Mailroom, Refusal};

/// How far one step came.
enum Step {
    Moved(Vec<Key>),
    Deleted,
}

impl Mailroom {
    /// Removes a workspace, by id or domain; its accounts go to the default one first, in small steps.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for the default workspace; [`Refusal::Forbidden`] for a key that sees
    /// the workspace but does not reach the whole application.
    pub async fn delete_workspace(&self, actor: &Actor, name: &str) -> Result<(), Refusal> {
        let name = self.open_workspace(name)?;
        // Ends: each step moves accounts out of a workspace that is about to be gone.
        loop {
            let (mailroom, asking, name) = (self.clone(), actor.clone(), name.clone());
            let step = self
                .store()
                .write(move |tx| mailroom.delete_step(tx, &asking, &name))
                .await?;
            match step {
                Step::Moved(accounts) => self.inner.tenancy.forget_accounts(&accounts),
                Step::Deleted => return Ok(()),
            }
        }
    }

    fn delete_step(
        &self,
        tx: &mut dyn Tx,
        actor: &Actor,
        name: &WorkspaceName,
    ) -> Result<Step, Refusal> {
        let workspace = find_workspace(tx, actor, name)?;
        actor.require_whole_application()?;
        if workspace.is_default {
            return Err(Refusal::Invalid {
                field: None,
                message: "the default workspace cannot be deleted".to_owned(),
                fix: None,
            });
        }
        let members = grants::of_workspace(tx, workspace.id, None, MOVED_GRANTS_PER_STEP_MAX)?;
        if members.is_empty() {
            // Accounts that are about to join wait, and then find it gone.
            workspaces::lock(tx, workspace.id)?;
            if !grants::of_workspace(tx, workspace.id, None, 1)?.is_empty() {
                return Ok(Step::Moved(Vec::new()));
            }
            suppressions::delete_of_workspace(tx, actor.application, workspace.id)?;
            workspaces::delete(tx, actor.application, workspace.id)?;
            self.audit(tx, &noted(&workspace, "workspace.delete"))?;
            return Ok(Step::Deleted);
        }
        let default = default_workspace(tx, actor.application)?;
        let mut moves: Vec<(Identity, Key)> = members
            .into_iter()
            .map(|account| (account, default))
            .collect();
        self.move_accounts(tx, &mut moves).map(Step::Moved)
    }
}
