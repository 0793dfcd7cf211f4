//! Callback (redirect) URIs: kept for clients that ask for them at setup; nothing here calls them.

use posthouse_store::tables::callback_uris::{self, CallbackUri};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Map, Value};

use crate::actor::Actor;
use crate::limits::{CALLBACK_URIS_MAX, CALLBACK_URL_CHARACTERS_MAX, STORED_SETTINGS_BYTES_MAX};
use crate::{Mailroom, Refusal};

/// Where a callback URI may be used.
pub const PLATFORMS: [&str; 5] = ["web", "desktop", "js", "ios", "android"];
const DEFAULT_PLATFORM: &str = "web";

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct NewCallbackUri {
    /// The address.
    pub url: String,
    /// `web` by default.
    pub platform: Option<String>,
    /// Stored and shown.
    pub settings: Option<Map<String, Value>>,
}

/// What an update says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct CallbackUriChanges {
    /// The address.
    pub url: Option<String>,
    /// The platform.
    pub platform: Option<String>,
    /// Replaces what is stored; `Some(None)` clears it.
    pub settings: Option<Option<Map<String, Value>>>,
}

/// A callback URI as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackUriView {
    /// Public id.
    pub id: String,
    /// The address.
    pub url: String,
    /// Where it is used.
    pub platform: String,
    /// As stored.
    pub settings: Option<Map<String, Value>>,
}

impl NewCallbackUri {
    pub(crate) fn platform(&self) -> &str {
        self.platform.as_deref().unwrap_or(DEFAULT_PLATFORM)
    }

    pub(crate) fn check(&self, field: &str) -> Result<(), Refusal> {
        check_url(&self.url).map_err(|message| at(field, "url", message))?;
        if !PLATFORMS.contains(&self.platform()) {
            return Err(at(
                field,
                "platform",
                "expected one of web, desktop, js, ios, android",
            ));
        }
        let bytes = settings_text(self.settings.as_ref()).map_or(0, |text| text.len());
        if bytes > STORED_SETTINGS_BYTES_MAX {
            return Err(at(field, "settings", "too large"));
        }
        Ok(())
    }

    pub(crate) fn into_row(self, id: Key) -> CallbackUri {
        CallbackUri {
            id,
            platform: self.platform().to_owned(),
            settings: settings_text(self.settings.as_ref()),
            url: self.url,
        }
    }
}

impl Mailroom {
    /// Lists the callback URIs of the key's application, oldest first.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn list_callback_uris(&self, actor: &Actor) -> Result<Vec<CallbackUriView>, Refusal> {
        let application = actor.application;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| callback_uris::of_application(tx, application))
            .await
            .map_err(Refusal::from)?;
        Ok(rows.iter().map(|row| self.view_callback_uri(row)).collect())
    }

    /// Returns a callback URI.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_callback_uri(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<CallbackUriView, Refusal> {
        let id = self.open_id(Kind::CallbackUri, id)?;
        let application = actor.application;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| callback_uris::find(tx, application, id))
            .await;
        let row = found.map_err(Refusal::from)?.ok_or(Refusal::NotFound)?;
        Ok(self.view_callback_uri(&row))
    }

    /// Adds a callback URI; the same address and platform again return the one that is there.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]; [`Refusal::Forbidden`] for a key that does not reach the whole application.
    pub async fn create_callback_uri(
        &self,
        actor: &Actor,
        new: NewCallbackUri,
    ) -> Result<CallbackUriView, Refusal> {
        actor.require_whole_application()?;
        new.check("")?;
        let application = actor.application;
        let row = new.into_row(self.store().new_key());
        let kept = self
            .store()
            .write(move |tx| {
                let existing = callback_uris::of_application(tx, application)?;
                let known = existing
                    .iter()
                    .any(|uri| uri.url == row.url && uri.platform == row.platform);
                if !known && existing.len() >= CALLBACK_URIS_MAX {
                    return Err(Refusal::invalid(
                        "url",
                        format!("an application may have {CALLBACK_URIS_MAX}"),
                    ));
                }
                Ok::<_, Refusal>(callback_uris::insert(tx, application, &row)?)
            })
            .await?;
        Ok(self.view_callback_uri(&kept))
    }

    /// Changes a callback URI.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`], also when another one has the address and platform.
    pub async fn update_callback_uri(
        &self,
        actor: &Actor,
        id: &str,
        changes: CallbackUriChanges,
    ) -> Result<CallbackUriView, Refusal> {
        actor.require_whole_application()?;
        let id = self.open_id(Kind::CallbackUri, id)?;
        let application = actor.application;
        let row = self
            .store()
            .write(move |tx| {
                let old = callback_uris::find(tx, application, id)?.ok_or(Refusal::NotFound)?;
                let new = NewCallbackUri {
                    url: changes.url.unwrap_or(old.url),
                    platform: changes.platform.or(Some(old.platform)),
                    settings: changes.settings.clone().flatten(),
                };
                new.check("")?;
                let mut row = new.into_row(id);
                if changes.settings.is_none() {
                    row.settings = old.settings;
                }
                match callback_uris::update(tx, application, &row) {
                    Ok(()) => Ok(row),
                    Err(StoreError::Conflict { .. }) => Err(Refusal::invalid(
                        "url",
                        "another one has this address and platform",
                    )),
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        Ok(self.view_callback_uri(&row))
    }

    /// Removes a callback URI.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_callback_uri(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        actor.require_whole_application()?;
        let id = self.open_id(Kind::CallbackUri, id)?;
        let application = actor.application;
        let removed = self
            .store()
            .write(move |tx| callback_uris::delete(tx, application, id))
            .await
            .map_err(Refusal::from)?;
        if removed {
            Ok(())
        } else {
            Err(Refusal::NotFound)
        }
    }

    pub(crate) fn view_callback_uri(&self, row: &CallbackUri) -> CallbackUriView {
        CallbackUriView {
            id: self.public_id(Kind::CallbackUri, row.id),
            url: row.url.clone(),
            platform: row.platform.clone(),
            settings: row
                .settings
                .as_deref()
                .and_then(|text| serde_json::from_str(text).ok()),
        }
    }
}

fn check_url(url: &str) -> Result<(), &'static str> {
    if url.is_empty() || url.chars().count() > CALLBACK_URL_CHARACTERS_MAX {
        return Err("expected 1 to 2048 characters");
    }
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("must not contain white space");
    }
    // Mobile apps register schemes of their own, so any scheme will do.
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let letters = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !letters || !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err("expected an absolute URL");
    }
    Ok(())
}

fn at(parent: &str, field: &str, message: &str) -> Refusal {
    let path = match parent {
        "" => field.to_owned(),
        parent => format!("{parent}.{field}"),
    };
    Refusal::invalid(path, message)
}

fn settings_text(settings: Option<&Map<String, Value>>) -> Option<String> {
    settings.map(|map| serde_json::to_string(map).expect("a JSON map always serialises"))
}
