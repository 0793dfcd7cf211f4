//! Changes of a workspace.

use posthouse_store::Tx;
use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_types::domain::Domain;
use posthouse_types::ids::Kind;

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
        let name = WorkspaceName::Id(self.open_id(Kind::Workspace, id)?);
        let (asking, now) = (actor.clone(), self.now_seconds());
        let row = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let before = find_workspace(tx, &asking, &name)?;
                asking.require_whole_application()?;
                let mut after = changed(&before, changes)?;
                if after != before {
                    after.updated_at = now;
                    workspaces::update(tx, after.id, &after.name, after.auto_group, now)?;
                }
                Ok::<_, Refusal>(after)
            })
            .await?;
        Ok(self.view_workspace(&row))
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
    changes.governance.check()?;
    Ok(after)
}
