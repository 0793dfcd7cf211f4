//! Applications and keys for tests that need more than one of them.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::Actor;
use posthouse_mailroom::api_keys::{CreatedApiKey, NewApiKey, NewScope};
use posthouse_mailroom::applications::NewApplication;
use posthouse_mailroom::provision::{AccountView, NewAccount};
use posthouse_types::ids::Kind;

use crate::support::Office;

impl Office {
    /// Returns the public id of the first application.
    pub fn application_id(&self) -> String {
        self.mailroom
            .public_id(Kind::Application, self.actor.application)
    }

    /// Makes a key of the first application and returns who shows it.
    pub async fn key(&self, kind: &str, id: &str) -> Actor {
        let scope = NewScope {
            kind: kind.to_owned(),
            id: Some(id.to_owned()),
        };
        let created = self.make_key(&self.application_id(), Some(scope)).await;
        self.mailroom.authenticate(&created.text).await.unwrap()
    }

    pub async fn make_key(&self, application: &str, scope: Option<NewScope>) -> CreatedApiKey {
        let new = NewApiKey {
            name: "Key".to_owned(),
            scope,
            ..NewApiKey::default()
        };
        self.mailroom
            .create_api_key(application, new)
            .await
            .unwrap()
    }

    /// Makes another application and returns a key's holder for all of it.
    pub async fn other_application(&self) -> Actor {
        let new = NewApplication {
            name: "Other".to_owned(),
            ..NewApplication::default()
        };
        let application = self.mailroom.create_application(new).await.unwrap();
        let created = self.make_key(&application.application_id, None).await;
        self.mailroom.authenticate(&created.text).await.unwrap()
    }

    /// Makes an account on the trial domain, or says why not.
    pub async fn provision(&self, actor: &Actor, email: &str) -> Result<AccountView, Refusal> {
        self.mailroom.create_account(actor, wanted(email)).await
    }
}

/// Returns the least that makes an account.
pub fn wanted(email: &str) -> NewAccount {
    NewAccount {
        provider: "nylas".to_owned(),
        email: email.to_owned(),
        ..NewAccount::default()
    }
}
