//! Changes of a workspace.

use posthouse_store::Tx;
use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_types::domain::Domain;
use posthouse_types::ids::Kind;

use super::governance::noted;
use super::view::{WorkspaceName, find_workspace};
use super::{Governance, WorkspaceView};
use crate::actor::Actor;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What an update says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceChanges {
    /// A name for people.
    pub name: Option<String>,
    /// Must be the domain it has, or `Some(None)` when it has none.
    pub domain: Option<Option<String>>,
    /// New accounts of the domain go here.
    pub auto_group: Option<bool>,
    /// Its policy and rules.
    pub governance: Governance,
}

impl Mailroom {
    /// Changes a workspace, which is named by id only.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`], [`Refusal::InvalidReference`]; [`Refusal::Forbidden`] for a key that
    /// sees the workspace but does not reach the whole application.
    pub async fn update_workspace(
        &self,
        actor: &Actor,
        id: &str,
        changes: WorkspaceChanges,
    ) -> Result<WorkspaceView, Refusal> {
        let key = self.open_id(Kind::Workspace, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        let (row, has_new_policy) = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                workspaces::lock(tx, key)?;
                let before = find_workspace(tx, &asking, &WorkspaceName::Id(key))?;
                asking.require_whole_application()?;
                // After it is known that there is such a workspace: else its absence could be told from what is wrong.
                let governance = mailroom.open_governance(&changes.governance)?;
                let mut after = changed(&before, changes)?;
                mailroom.apply_governance(tx, &mut after, &governance)?;
                mailroom.write_changes(tx, &before, &mut after)?;
                let has_new_policy = after.policy.is_some() && after.policy != before.policy;
                Ok::<_, Refusal>((after, has_new_policy))
            })
            .await?;
        if has_new_policy {
            self.equip_workspace(row.application, row.id).await?;
        }
        Ok(self.view_workspace(&row))
    }

    fn write_changes(
        &self,
        tx: &mut dyn Tx,
        before: &Workspace,
        after: &mut Workspace,
    ) -> Result<(), Refusal> {
        if after == before {
            return Ok(());
        }
        let now = self.now_seconds();
        after.updated_at = now;
        workspaces::update(tx, after.id, &after.name, after.auto_group, now)?;
        if (after.policy, &after.rules) != (before.policy, &before.rules) {
            workspaces::set_governance(tx, after.id, after.policy, &after.rules, now)?;
            workspaces::bump_governance(tx, after.id)?;
        }
        self.audit(tx, &noted(after, "workspace.update"))?;
        Ok(())
    }
}

fn changed(before: &Workspace, changes: WorkspaceChanges) -> Result<Workspace, Refusal> {
    let mut after = before.clone();
    if before.is_default
        && (changes.name.is_some() || changes.domain.is_some() || changes.auto_group.is_some())
    {
        return Err(Refusal::Invalid {
            field: None,
            message: "of the default workspace only policy_id and rule_ids can be changed"
                .to_owned(),
            fix: None,
        });
    }
    if let Some(domain) = changes.domain {
        let same = match &domain {
            Some(text) => Domain::parse(text)
                .is_ok_and(|given| Some(given.as_str()) == before.domain.as_deref()),
            None => before.domain.is_none(),
        };
        if !same {
            return Err(Refusal::invalid("domain", "cannot be changed"));
        }
    }
    if let Some(name) = changes.name {
        check_name("name", &name)?;
        after.name = name;
    }
    if let Some(auto_group) = changes.auto_group {
        if auto_group && before.domain.is_none() {
            return Err(Refusal::invalid("auto_group", "needs a domain"));
        }
        after.auto_group = auto_group;
    }
    Ok(after)
}
