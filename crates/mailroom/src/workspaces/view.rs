//! Workspaces as they are shown.

use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_store::{StoreError, Tx};
use posthouse_types::domain::Domain;
use posthouse_types::ids::{Key, Kind};

use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// A workspace as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceView {
    /// Public id.
    pub workspace_id: String,
    /// Public id of its application.
    pub application_id: String,
    /// A name for people.
    pub name: String,
    /// The domain whose accounts it is for.
    pub domain: Option<String>,
    /// New accounts of the domain go here.
    pub auto_group: bool,
    /// The one that the application cannot be without.
    pub is_default: bool,
    /// Public id of its policy.
    pub policy_id: Option<String>,
    /// Public ids of its rules.
    pub rule_ids: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// How a client names a workspace.
#[derive(Debug, Clone)]
pub(crate) enum WorkspaceName {
    Id(Key),
    Domain(String),
}

impl Mailroom {
    /// Lists the workspaces that a key may see, oldest first.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn list_workspaces(&self, actor: &Actor) -> Result<Vec<WorkspaceView>, Refusal> {
        let application = actor.application;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| workspaces::of_application(tx, application))
            .await
            .map_err(Refusal::from)?;
        let seen = rows.iter().filter(|row| actor.reaches_workspace(row.id));
        Ok(seen.map(|row| self.view_workspace(row)).collect())
    }

    /// Returns a workspace, by id or domain.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_workspace(&self, actor: &Actor, name: &str) -> Result<WorkspaceView, Refusal> {
        let name = self.open_workspace(name)?;
        let asking = actor.clone();
        let row = self
            .store()
            .read(move |tx: &mut dyn Tx| find_workspace(tx, &asking, &name))
            .await?;
        Ok(self.view_workspace(&row))
    }

    /// Reads an id or a domain.
    pub(crate) fn open_workspace(&self, name: &str) -> Result<WorkspaceName, Refusal> {
        if let Ok(key) = self.open_id(Kind::Workspace, name) {
            return Ok(WorkspaceName::Id(key));
        }
        let domain = Domain::parse(name).map_err(|_| Refusal::NotFound)?;
        Ok(WorkspaceName::Domain(domain.as_str().to_owned()))
    }

    pub(crate) fn view_workspace(&self, row: &Workspace) -> WorkspaceView {
        WorkspaceView {
            workspace_id: self.public_id(Kind::Workspace, row.id),
            application_id: self.public_id(Kind::Application, row.application),
            name: row.name.clone(),
            domain: row.domain.clone(),
            auto_group: row.auto_group,
            is_default: row.is_default,
            policy_id: row
                .policy
                .map(|policy| self.public_id(Kind::Policy, policy)),
            rule_ids: row
                .rules
                .iter()
                .map(|rule| self.public_id(Kind::Rule, *rule))
                .collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Finds a workspace that the key may see.
pub(crate) fn find_workspace(
    tx: &mut dyn Tx,
    actor: &Actor,
    name: &WorkspaceName,
) -> Result<Workspace, Refusal> {
    let found: Result<_, StoreError> = match name {
        WorkspaceName::Id(id) => workspaces::find(tx, actor.application, *id),
        WorkspaceName::Domain(domain) => workspaces::by_domain(tx, actor.application, domain),
    };
    found?
        .filter(|row| actor.reaches_workspace(row.id))
        .ok_or(Refusal::NotFound)
}
