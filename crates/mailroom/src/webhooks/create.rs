//! A new destination.

use posthouse_store::Tx;
use posthouse_store::tables::webhooks::{self, Webhook, WebhookScope};
use posthouse_store::tables::{grants, workspaces};
use posthouse_types::ids::{Key, Kind};

use super::destination::{
    DestinationStatus, NewDestination, Reach, RequestedScope, RevealedDestination, write_strings,
};
use super::limits::DESTINATIONS_MAX;
use super::{SigningSecret, check};
use crate::actor::Actor;
use crate::audit::Object;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Makes a destination after its URL has answered a challenge; returns it with its secret.
    ///
    /// # Errors
    /// [`Refusal::ChallengeFailed`] for a URL that may not be called or answers wrongly, [`Refusal::Invalid`] for
    /// fields that break a rule or a URL that the application has already. Nothing is stored then.
    pub async fn create_webhook(
        &self,
        actor: &Actor,
        new: NewDestination,
    ) -> Result<RevealedDestination, Refusal> {
        let reach = Reach::of(actor)?;
        let trigger_types = check::trigger_types(new.trigger_types)?;
        check::description(&new.description)?;
        check::notification_addresses(&new.notification_email_addresses)?;
        self.check_webhook_url(&new.webhook_url)?;
        let scope = self.webhook_scope(actor, reach, new.scope.as_ref()).await?;
        self.expect_room(actor.application, &new.webhook_url)
            .await?;
        self.challenge(&new.webhook_url).await?;

        let id = self.store().new_key();
        let secret = SigningSecret::random();
        let now = self.now_seconds();
        let row = Webhook {
            id,
            application: actor.application,
            url: new.webhook_url,
            description: new.description,
            trigger_types: write_strings(&trigger_types),
            secret: self.seal_signing_secret(id, &secret)?,
            status: DestinationStatus::Active.name().to_owned(),
            compressed_delivery: new.compressed_delivery,
            notification_emails: write_strings(&new.notification_email_addresses),
            scope,
            include_junk: new.include_junk,
            status_updated_at: now,
            created_at: now,
            updated_at: now,
        };
        let destination = self.show_destination(&row);
        let mailroom = self.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| -> Result<(), Refusal> {
                check_room(tx, &row)?;
                if !webhooks::insert(tx, &row)? {
                    return Err(duplicate());
                }
                let object = Object::Row(Kind::Webhook, row.id);
                Ok(mailroom.audit_done(tx, row.application, "webhook.create", object)?)
            })
            .await?;
        self.destinations_changed();
        tracing::info!(webhook.id = %destination.id, "made a webhook");
        Ok(RevealedDestination {
            destination,
            secret,
        })
    }

    /// Refuses early, so that a request that cannot succeed calls nobody.
    async fn expect_room(&self, application: Key, url: &str) -> Result<(), Refusal> {
        let url = url.to_owned();
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<(), Refusal> {
                if webhooks::by_url(tx, application, &url)?.is_some() {
                    return Err(duplicate());
                }
                if webhooks::count(tx, application)? >= DESTINATIONS_MAX {
                    return Err(full());
                }
                Ok(())
            })
            .await
    }

    /// Returns whose events a new destination gets.
    async fn webhook_scope(
        &self,
        actor: &Actor,
        reach: Reach,
        requested: Option<&RequestedScope>,
    ) -> Result<WebhookScope, Refusal> {
        let Some(requested) = requested else {
            return Ok(match reach {
                Reach::All => WebhookScope::Application,
                Reach::OfWorkspace(workspace) => WebhookScope::Workspace(workspace),
            });
        };
        let scope = self.open_webhook_scope(actor.application, requested)?;
        if !reach.covers(scope) {
            return Err(no_such_scope());
        }
        let application = actor.application;
        let exists = self
            .store()
            .read(move |tx: &mut dyn Tx| match scope {
                WebhookScope::Application => Ok(true),
                WebhookScope::Workspace(id) => {
                    workspaces::find(tx, application, id).map(|found| found.is_some())
                }
                WebhookScope::Grant(id) => {
                    grants::find(tx, application, id).map(|found| found.is_some())
                }
            })
            .await
            .map_err(Refusal::from)?;
        if exists {
            Ok(scope)
        } else {
            Err(no_such_scope())
        }
    }

    fn open_webhook_scope(
        &self,
        application: Key,
        requested: &RequestedScope,
    ) -> Result<WebhookScope, Refusal> {
        let open = |kind| {
            let id = requested
                .id
                .as_deref()
                .ok_or_else(|| Refusal::invalid("scope.id", "required"))?;
            self.open_id(kind, id).map_err(|_| no_such_scope())
        };
        match requested.kind.as_str() {
            "application" if requested.id.is_none() => Ok(WebhookScope::Application),
            "application" if open(Kind::Application)? == application => {
                Ok(WebhookScope::Application)
            }
            "application" => Err(no_such_scope()),
            "workspace" => Ok(WebhookScope::Workspace(open(Kind::Workspace)?)),
            "grant" => Ok(WebhookScope::Grant(open(Kind::Grant)?)),
            _ => Err(Refusal::invalid(
                "scope.type",
                "expected application, workspace or grant",
            )),
        }
    }
}

fn check_room(tx: &mut dyn Tx, row: &Webhook) -> Result<(), Refusal> {
    if webhooks::count(tx, row.application)? >= DESTINATIONS_MAX {
        return Err(full());
    }
    Ok(())
}

fn no_such_scope() -> Refusal {
    Refusal::InvalidReference {
        field: "scope.id".to_owned(),
        message: "no such object".to_owned(),
    }
}

pub(crate) fn duplicate() -> Refusal {
    Refusal::invalid(
        "webhook_url",
        "this application has a webhook with this URL",
    )
    .with_fix("update that webhook, or add a query parameter that tells the two apart")
}

fn full() -> Refusal {
    Refusal::Invalid {
        field: None,
        message: format!("an application may have at most {DESTINATIONS_MAX} webhooks"),
        fix: Some("delete one that is no longer needed".to_owned()),
    }
}
