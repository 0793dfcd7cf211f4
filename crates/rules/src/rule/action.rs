//! What a rule does to a message that it matches.

use serde_json::{Map, Value, json};

use super::Trigger;
use super::fault::{Fault, shown};
use crate::limits::FOLDER_CHARACTERS_MAX;

/// What a rule does to a message that it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Refuses it; always alone.
    Block,
    /// Moves it to Junk.
    MarkAsSpam,
    /// Moves it to a folder, named as clients name folders.
    AssignToFolder(String),
    /// Moves it to Archive.
    Archive,
    /// Moves it to Trash.
    Trash,
    /// Marks it as read.
    MarkAsRead,
    /// Stars it.
    MarkAsStarred,
    /// Keeps it from leaving until somebody approves.
    Hold,
}

impl Action {
    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::MarkAsSpam => "mark_as_spam",
            Self::AssignToFolder(_) => "assign_to_folder",
            Self::Archive => "archive",
            Self::Trash => "trash",
            Self::MarkAsRead => "mark_as_read",
            Self::MarkAsStarred => "mark_as_starred",
            Self::Hold => "hold",
        }
    }

    /// Returns the one trigger that an action is for; `None`: both.
    #[must_use]
    pub fn trigger(&self) -> Option<Trigger> {
        (*self == Self::Hold).then_some(Trigger::Outbound)
    }

    /// Tells whether it moves a message.
    #[must_use]
    pub fn is_move(&self) -> bool {
        matches!(
            self,
            Self::MarkAsSpam | Self::AssignToFolder(_) | Self::Archive | Self::Trash
        )
    }

    pub(super) fn from_json(value: &Value, path: &str) -> Result<Self, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::new(path, "expected an object with a type"));
        };
        let of_type = format!("{path}.type");
        let name = match members.get("type") {
            Some(Value::String(name)) => name.as_str(),
            Some(_) => return Err(Fault::new(of_type, "expected a string")),
            None => return Err(Fault::new(of_type, "is required")),
        };
        let value = members.get("value").filter(|value| !value.is_null());
        let action = match name {
            "assign_to_folder" | "move_to_folder" => {
                return folder(value, &format!("{path}.value")).map(Self::AssignToFolder);
            }
            "block" => Self::Block,
            "mark_as_spam" => Self::MarkAsSpam,
            "archive" => Self::Archive,
            "trash" => Self::Trash,
            "mark_as_read" => Self::MarkAsRead,
            "mark_as_starred" => Self::MarkAsStarred,
            "hold" => Self::Hold,
            other => {
                let message = format!("unknown action \"{}\"", shown(other));
                return Err(Fault::new(of_type, message));
            }
        };
        if value.is_some() {
            let message = format!("action \"{name}\" takes no value");
            return Err(Fault::new(format!("{path}.value"), message));
        }
        Ok(action)
    }

    /// Returns the action as the API shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("type".to_owned(), json!(self.name()));
        if let Self::AssignToFolder(folder) = self {
            members.insert("value".to_owned(), json!(folder));
        }
        Value::Object(members)
    }
}

fn folder(value: Option<&Value>, path: &str) -> Result<String, Fault> {
    let Some(Value::String(folder)) = value else {
        return Err(Fault::new(path, "expected the name or path of a folder"));
    };
    let folder = folder.trim();
    if folder.is_empty() || folder.chars().count() > FOLDER_CHARACTERS_MAX {
        let message = format!("expected 1 to {FOLDER_CHARACTERS_MAX} characters");
        return Err(Fault::new(path, message));
    }
    Ok(folder.to_owned())
}
