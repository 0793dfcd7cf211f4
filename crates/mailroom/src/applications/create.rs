//! A new application.

use posthouse_store::tables::applications::Application;
use posthouse_store::tables::connectors::Connector;
use posthouse_types::ids::Kind;

use super::update::Branding;
use super::{ApplicationView, Settings};
use crate::audit::Object;
use crate::bootstrap::insert_application;
use crate::mailroom::MailroomConfig;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// Where an application may be.
pub const REGIONS: [&str; 2] = ["us", "eu"];

/// What an operator asks for.
#[derive(Debug, Clone, Default)]
pub struct NewApplication {
    /// Its name.
    pub name: String,
    /// `us` or `eu`; the server's by default.
    pub region: Option<String>,
    /// How hosted pages would look.
    pub branding: Option<Branding>,
}

impl Mailroom {
    /// Makes an application with its default workspace and connector.
    ///
    /// # Errors
    /// [`Refusal::Invalid`].
    pub async fn create_application(
        &self,
        new: NewApplication,
    ) -> Result<ApplicationView, Refusal> {
        check_name("name", &new.name)?;
        let region = new.region.unwrap_or_else(|| self.config().region.clone());
        if !REGIONS.contains(&region.as_str()) {
            return Err(Refusal::invalid("region", "expected one of us, eu"));
        }
        let mut name = new.name;
        let mut settings = Settings::default();
        if let Some(branding) = new.branding {
            name = branding.apply(name, &mut settings)?;
        }
        let now = self.now_seconds();
        let application = Application {
            id: self.store().new_key(),
            name,
            region,
            environment: environment(self.config()).to_owned(),
            default_workspace: self.store().new_key(),
            settings: settings.bounded_json()?,
            created_at: now,
            updated_at: now,
        };
        let (mailroom, row) = (self.clone(), application.clone());
        self.store()
            .write(move |tx| {
                insert_application(tx, &row)?;
                let object = Object::Row(Kind::Application, row.id);
                Ok::<_, Refusal>(mailroom.audit_done(tx, row.id, "application.create", object)?)
            })
            .await?;
        self.view_application(&application, &[])
    }
}

/// Returns the environment that applications of this server are in.
pub(crate) fn environment(config: &MailroomConfig) -> &'static str {
    if config.dev { "staging" } else { "production" }
}

/// Returns the connector that every application has from the start.
pub(crate) fn nylas_connector() -> Connector {
    Connector {
        provider: "nylas".to_owned(),
        name: "nylas".to_owned(),
        settings: "{}".to_owned(),
    }
}
