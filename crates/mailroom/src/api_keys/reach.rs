//! How far a key reaches within its application.

use posthouse_store::tables::grants::Identity;
use posthouse_types::ids::Key;

use crate::Refusal;
use crate::actor::{Actor, Scope};

impl Actor {
    /// Refuses keys that reach only a part of the application.
    pub(crate) fn require_whole_application(&self) -> Result<(), Refusal> {
        match self.scope {
            Scope::Application => Ok(()),
            Scope::Workspace(_) | Scope::Grant(_) => Err(Refusal::Forbidden {
                message: "this API key reaches only a part of the application".to_owned(),
            }),
        }
    }

    /// Tells whether the key may reach an account.
    pub(crate) fn reaches(&self, account: &Identity) -> bool {
        account.application == self.application
            && match self.scope {
                Scope::Application => true,
                Scope::Workspace(workspace) => account.workspace == workspace,
                Scope::Grant(grant) => account.id == grant,
            }
    }

    /// Tells whether the key may see a workspace of its application.
    pub(crate) fn reaches_workspace(&self, workspace: Key) -> bool {
        match self.scope {
            Scope::Application => true,
            Scope::Workspace(own) => own == workspace,
            Scope::Grant(_) => false,
        }
    }
}
