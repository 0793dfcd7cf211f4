//! A new workspace.

use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_store::{StoreError, Tx};
use posthouse_types::domain::Domain;

use super::governance::noted;
use super::{Governance, WorkspaceView};
use crate::actor::Actor;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct NewWorkspace {
    /// A name for people.
    pub name: String,
    /// The domain whose accounts it is for.
    pub domain: Option<String>,
    /// New accounts of the domain go here.
    pub auto_group: bool,
    /// Its policy and rules.
    pub governance: Governance,
}

impl Mailroom {
    /// Makes a workspace.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], also when another workspace is for the domain; [`Refusal::InvalidReference`];
    /// [`Refusal::Forbidden`] for a key that does not reach the whole application.
    pub async fn create_workspace(
        &self,
        actor: &Actor,
        new: NewWorkspace,
    ) -> Result<WorkspaceView, Refusal> {
        actor.require_whole_application()?;
        check_name("name", &new.name)?;
        let domain = match new.domain.as_deref() {
            Some(text) => Some(check_domain(text)?),
            None => None,
        };
        if new.auto_group && domain.is_none() {
            return Err(Refusal::invalid("auto_group", "needs a domain"));
        }
        let governance = self.open_governance(&new.governance)?;
        let now = self.now_seconds();
        let mut workspace = Workspace {
            id: self.store().new_key(),
            application: actor.application,
            name: new.name,
            domain,
            auto_group: new.auto_group,
            is_default: false,
            created_at: now,
            updated_at: now,
            policy: None,
            rules: Vec::new(),
        };
        let mailroom = self.clone();
        let row = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                mailroom.apply_governance(tx, &mut workspace, &governance)?;
                match workspaces::insert(tx, &workspace) {
                    Ok(()) => {
                        mailroom.audit(tx, &noted(&workspace, "workspace.create"))?;
                        Ok(workspace)
                    }
                    Err(StoreError::Conflict { .. }) => Err(Refusal::invalid(
                        "domain",
                        "another workspace is for this domain",
                    )),
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        Ok(self.view_workspace(&row))
    }
}

fn check_domain(text: &str) -> Result<String, Refusal> {
    let domain =
        Domain::parse(text).map_err(|error| Refusal::invalid("domain", error.to_string()))?;
    Ok(domain.as_str().to_owned())
}
