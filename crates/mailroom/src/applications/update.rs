//! Changes of an application.

use posthouse_store::Tx;
use posthouse_store::tables::{applications, callback_uris};
use posthouse_types::ids::Key;
use serde_json::{Map, Value};

use super::{ApplicationName, ApplicationView, NewCallbackUri, Settings};
use crate::limits::CALLBACK_URIS_MAX;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What an update of an application says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct ApplicationChanges {
    /// Replaces the branding; the name in it is the application's.
    pub branding: Option<Branding>,
    /// Replaces what is stored.
    pub hosted_authentication: Option<Map<String, Value>>,
    /// Replaces what is stored.
    pub idp_settings: Option<Map<String, Value>>,
    /// Replaces all callback URIs; those that are there already keep their ids.
    pub callback_uris: Option<Vec<NewCallbackUri>>,
}

/// How hosted pages would look.
#[derive(Debug, Clone, Default)]
pub struct Branding(pub Map<String, Value>);

impl Branding {
    /// Writes the branding into settings and returns the application's name: the one in the branding, else `name`.
    pub(crate) fn apply(self, name: String, settings: &mut Settings) -> Result<String, Refusal> {
        let mut branding = self.0;
        let name = match branding.remove("name") {
            None | Some(Value::Null) => name,
            Some(Value::String(name)) => {
                check_name("branding.name", &name)?;
                name
            }
            Some(_) => return Err(Refusal::invalid("branding.name", "expected a string")),
        };
        branding.retain(|_, value| !value.is_null());
        for field in ["icon_url", "website_url", "description"] {
            if branding.get(field).is_some_and(|value| !value.is_string()) {
                return Err(Refusal::invalid(
                    format!("branding.{field}"),
                    "expected a string",
                ));
            }
        }
        settings.branding = branding;
        Ok(name)
    }
}

impl Mailroom {
    /// Changes an application and returns all of it; a change that changes nothing leaves no trace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`]; [`Refusal::Forbidden`] for a key that does not reach all of it.
    pub async fn update_application(
        &self,
        name: ApplicationName<'_>,
        changes: ApplicationChanges,
    ) -> Result<ApplicationView, Refusal> {
        if let ApplicationName::Own(actor) = name {
            actor.require_whole_application()?;
        }
        let id = self.open_application(name)?;
        if let Some(uris) = &changes.callback_uris {
            if uris.len() > CALLBACK_URIS_MAX {
                return Err(Refusal::invalid(
                    "callback_uris",
                    format!("an application may have {CALLBACK_URIS_MAX}"),
                ));
            }
            for uri in uris {
                uri.check("callback_uris")?;
            }
        }
        let mailroom = self.clone();
        self.store()
            .write(move |tx| mailroom.change_application(tx, id, changes))
            .await
    }

    fn change_application(
        &self,
        tx: &mut dyn Tx,
        id: Key,
        changes: ApplicationChanges,
    ) -> Result<ApplicationView, Refusal> {
        let before = applications::find(tx, id)?.ok_or(Refusal::NotFound)?;
        let mut after = before.clone();
        let mut settings = Settings::from_json(&before.settings)?;
        if let Some(branding) = changes.branding {
            after.name = branding.apply(after.name, &mut settings)?;
        }
        if let Some(hosted) = changes.hosted_authentication {
            settings.hosted_authentication = hosted;
        }
        if let Some(idp) = changes.idp_settings {
            settings.idp_settings = idp;
        }
        after.settings = settings.bounded_json()?;
        let mut changed = after != before;
        if let Some(uris) = changes.callback_uris {
            changed |= self.replace_callback_uris(tx, id, uris)?;
        }
        if changed {
            after.updated_at = self.now_seconds();
            applications::update(tx, id, &after.name, &after.settings, after.updated_at)?;
        }
        let uris = callback_uris::of_application(tx, id)?;
        self.view_application(&after, &uris)
    }

    fn replace_callback_uris(
        &self,
        tx: &mut dyn Tx,
        id: Key,
        wanted: Vec<NewCallbackUri>,
    ) -> Result<bool, Refusal> {
        let mut changed = false;
        let existing = callback_uris::of_application(tx, id)?;
        for uri in &existing {
            let stays = wanted
                .iter()
                .any(|new| new.url == uri.url && new.platform() == uri.platform);
            if !stays {
                changed |= callback_uris::delete(tx, id, uri.id)?;
            }
        }
        for new in wanted {
            let known = existing
                .iter()
                .any(|uri| new.url == uri.url && new.platform() == uri.platform);
            if !known {
                callback_uris::insert(tx, id, &new.into_row(self.store().new_key()))?;
                changed = true;
            }
        }
        Ok(changed)
    }
}
