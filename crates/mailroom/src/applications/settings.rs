//! The settings of an application that are stored and shown and have no effect here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Refusal;
use crate::limits::STORED_SETTINGS_BYTES_MAX;

/// The JSON column of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Version of this format.
    v: u32,
    /// How hosted pages would look; its `name` is the application's own.
    #[serde(default)]
    pub(crate) branding: Map<String, Value>,
    #[serde(default)]
    pub(crate) hosted_authentication: Map<String, Value>,
    #[serde(default)]
    pub(crate) idp_settings: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            v: 1,
            branding: Map::new(),
            hosted_authentication: Map::new(),
            idp_settings: Map::new(),
        }
    }
}

impl Settings {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("maps with string keys always serialise")
    }

    pub(crate) fn from_json(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|error| Refusal::Internal {
            message: format!("an application's settings cannot be read: {error}"),
        })
    }

    /// Returns the column's text, or refuses what nobody needs to keep.
    pub(crate) fn bounded_json(&self) -> Result<String, Refusal> {
        let text = self.to_json();
        if text.len() > STORED_SETTINGS_BYTES_MAX {
            return Err(Refusal::Invalid {
                field: None,
                message: format!(
                    "branding, hosted_authentication and idp_settings may have {} KiB together",
                    STORED_SETTINGS_BYTES_MAX / 1_024
                ),
                fix: None,
            });
        }
        Ok(text)
    }
}
