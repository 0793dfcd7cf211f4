//! Connectors: every application has the one of this server's own provider, `nylas`.

use posthouse_store::Tx;
use posthouse_store::tables::connectors::{self, Connector};
use posthouse_store::tables::grants;
use serde_json::{Map, Value};

use crate::actor::Actor;
use crate::applications::nylas_connector;
use crate::limits::STORED_SETTINGS_BYTES_MAX;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// The provider of all accounts here.
pub const PROVIDER: &str = "nylas";

/// A connector as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorView {
    /// `nylas`.
    pub provider: String,
    /// A name for people.
    pub name: String,
    /// As stored; without effect.
    pub settings: Map<String, Value>,
}

/// What an update says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct ConnectorChanges {
    /// A name for people.
    pub name: Option<String>,
    /// Replaces what is stored.
    pub settings: Option<Map<String, Value>>,
}

impl Mailroom {
    /// Lists the connectors of the key's application.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn list_connectors(&self, actor: &Actor) -> Result<Vec<ConnectorView>, Refusal> {
        let application = actor.application;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| connectors::of_application(tx, application))
            .await
            .map_err(Refusal::from)?;
        Ok(rows.iter().map(view).collect())
    }

    /// Returns a connector.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_connector(
        &self,
        actor: &Actor,
        provider: &str,
    ) -> Result<ConnectorView, Refusal> {
        let (application, provider) = (actor.application, provider.to_owned());
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| connectors::find(tx, application, &provider))
            .await;
        let row = found.map_err(Refusal::from)?.ok_or(Refusal::NotFound)?;
        Ok(view(&row))
    }

    /// Adds the connector of a provider; the one that is there is returned as it is.
    ///
    /// # Errors
    /// [`Refusal::NotSupported`] for other providers; [`Refusal::Forbidden`] for a key that does not reach the whole
    /// application.
    pub async fn create_connector(
        &self,
        actor: &Actor,
        provider: &str,
        changes: ConnectorChanges,
    ) -> Result<ConnectorView, Refusal> {
        actor.require_whole_application()?;
        check_provider(provider)?;
        let new = changed(nylas_connector(), changes)?;
        let (application, now) = (actor.application, self.now_seconds());
        let kept = self
            .store()
            .write(move |tx| {
                connectors::ensure(tx, application, &new, now)?;
                connectors::find(tx, application, PROVIDER)
            })
            .await
            .map_err(Refusal::from)?;
        kept.map(|row| view(&row)).ok_or(Refusal::NotFound)
    }

    /// Changes a connector's name and settings.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`].
    pub async fn update_connector(
        &self,
        actor: &Actor,
        provider: &str,
        changes: ConnectorChanges,
    ) -> Result<ConnectorView, Refusal> {
        actor.require_whole_application()?;
        let (application, provider) = (actor.application, provider.to_owned());
        let row = self
            .store()
            .write(move |tx| {
                let old = connectors::find(tx, application, &provider)?;
                let new = changed(old.ok_or(Refusal::NotFound)?, changes)?;
                connectors::update(tx, application, &new)?;
                Ok::<_, Refusal>(new)
            })
            .await?;
        Ok(view(&row))
    }

    /// Removes a connector that has no accounts.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] while accounts exist.
    pub async fn delete_connector(&self, actor: &Actor, provider: &str) -> Result<(), Refusal> {
        actor.require_whole_application()?;
        let (application, provider) = (actor.application, provider.to_owned());
        self.store()
            .write(move |tx| {
                if grants::any_of_application(tx, application)? && provider == PROVIDER {
                    return Err(Refusal::Invalid {
                        field: None,
                        message: "the connector still has accounts".to_owned(),
                        fix: None,
                    });
                }
                let removed = connectors::delete(tx, application, &provider)?;
                if removed {
                    Ok(())
                } else {
                    Err(Refusal::NotFound)
                }
            })
            .await
    }
}

/// Refuses every provider but our own.
pub(crate) fn check_provider(provider: &str) -> Result<(), Refusal> {
    if provider == PROVIDER {
        return Ok(());
    }
    Err(Refusal::NotSupported {
        message: format!("only the provider {PROVIDER} is supported"),
    })
}

fn changed(mut row: Connector, changes: ConnectorChanges) -> Result<Connector, Refusal> {
    if let Some(name) = changes.name {
        check_name("name", &name)?;
        row.name = name;
    }
    if let Some(settings) = changes.settings {
        row.settings = serde_json::to_string(&settings).expect("a JSON map always serialises");
        if row.settings.len() > STORED_SETTINGS_BYTES_MAX {
            return Err(Refusal::invalid("settings", "too large"));
        }
    }
    Ok(row)
}

fn view(row: &Connector) -> ConnectorView {
    ConnectorView {
        provider: row.provider.clone(),
        name: row.name.clone(),
        settings: serde_json::from_str(&row.settings).unwrap_or_default(),
    }
}
