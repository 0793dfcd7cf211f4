//! Applications as they are shown.

use posthouse_store::Tx;
use posthouse_store::tables::applications::{self, Application};
use posthouse_store::tables::callback_uris::{self, CallbackUri};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Map, Value};

use super::{CallbackUriView, Settings};
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// Which application is meant.
#[derive(Debug, Clone, Copy)]
pub enum ApplicationName<'a> {
    /// The one that the key belongs to.
    Own(&'a Actor),
    /// Any one, by its public id: for operators.
    Id(&'a str),
}

/// An application as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplicationView {
    /// Public id.
    pub application_id: String,
    /// Public id of the organisation.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// `us` or `eu`.
    pub region: String,
    /// `production` or `staging`.
    pub environment: String,
    /// Public id of its default workspace.
    pub default_workspace_id: String,
    /// Always has a `name`.
    pub branding: Map<String, Value>,
    /// Its callback URIs, oldest first.
    pub callback_uris: Vec<CallbackUriView>,
    /// As stored.
    pub hosted_authentication: Map<String, Value>,
    /// As stored.
    pub idp_settings: Map<String, Value>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Mailroom {
    /// Returns an application.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_application(
        &self,
        name: ApplicationName<'_>,
    ) -> Result<ApplicationView, Refusal> {
        let id = self.open_application(name)?;
        let (row, uris) = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let row = applications::find(tx, id)?.ok_or(Refusal::NotFound)?;
                Ok::<_, Refusal>((row, callback_uris::of_application(tx, id)?))
            })
            .await?;
        self.view_application(&row, &uris)
    }

    /// Lists all applications of the organisation, oldest first: for operators.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn list_applications(&self) -> Result<Vec<ApplicationView>, Refusal> {
        let rows = self
            .store()
            .read(|tx: &mut dyn Tx| {
                let mut rows = Vec::new();
                for row in applications::all(tx)? {
                    let uris = callback_uris::of_application(tx, row.id)?;
                    rows.push((row, uris));
                }
                Ok::<_, Refusal>(rows)
            })
            .await?;
        rows.iter()
            .map(|(row, uris)| self.view_application(row, uris))
            .collect()
    }

    pub(crate) fn open_application(&self, name: ApplicationName<'_>) -> Result<Key, Refusal> {
        match name {
            ApplicationName::Own(actor) => Ok(actor.application),
            ApplicationName::Id(id) => self.open_id(Kind::Application, id),
        }
    }

    pub(crate) fn view_application(
        &self,
        row: &Application,
        uris: &[CallbackUri],
    ) -> Result<ApplicationView, Refusal> {
        let settings = Settings::from_json(&row.settings)?;
        let mut branding = settings.branding;
        branding.insert("name".to_owned(), Value::String(row.name.clone()));
        for name in ["icon_url", "website_url", "description"] {
            branding
                .entry(name)
                .or_insert_with(|| Value::String(String::new()));
        }
        Ok(ApplicationView {
            application_id: self.public_id(Kind::Application, row.id),
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            name: row.name.clone(),
            region: row.region.clone(),
            environment: row.environment.clone(),
            default_workspace_id: self.public_id(Kind::Workspace, row.default_workspace),
            branding,
            callback_uris: uris.iter().map(|uri| self.view_callback_uri(uri)).collect(),
            hosted_authentication: settings.hosted_authentication,
            idp_settings: settings.idp_settings,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
