//! The end of an application.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::api_keys::{self, Leaving};
use posthouse_store::tables::{applications, grants};
use posthouse_types::ids::Kind;

use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Removes an application that has no accounts, with its keys, workspaces, domains and webhooks.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] while accounts exist, for the last application, and when the last
    /// key with the operator's permission would go with it.
    pub async fn delete_application(&self, application_id: &str) -> Result<(), Refusal> {
        let id = self.open_id(Kind::Application, application_id)?;
        let (now, organization) = (self.now_seconds(), self.store().organization());
        let deleted = self
            .store()
            .write(move |tx| {
                Dialect::lock_grant(tx, organization)?;
                let all = applications::all(tx)?;
                if !all.iter().any(|application| application.id == id) {
                    return Err(Refusal::NotFound);
                }
                if all.len() == 1 {
                    return Err(kept("the last application cannot be deleted"));
                }
                if grants::any_of_application(tx, id)? {
                    return Err(kept("the application still has accounts"));
                }
                if !api_keys::admin_remains(tx, Leaving::Application(id), now)? {
                    return Err(kept("the last admin key belongs to this application"));
                }
                Ok::<_, Refusal>(applications::delete(tx, id)?)
            })
            .await;
        self.inner
            .tenancy
            .keys
            .forget(|_, known| known.application() == id);
        deleted
    }
}

fn kept(message: &str) -> Refusal {
    Refusal::Invalid {
        field: None,
        message: message.to_owned(),
        fix: None,
    }
}
