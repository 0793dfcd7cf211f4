//! The contact object: the one JSON shape in which a contact is shown, and the one in which it is kept.

use posthouse_store::StoreError;
use posthouse_store::tables::contacts::Contact;
use posthouse_types::ids::{IdCodec, Key, Kind};
use serde_json::{Map, Value, json};

use super::fields::{ContactChange, ContactList, ContactText};
use crate::Refusal;

/// Version of the stored form that this release writes.
const DOCUMENT_VERSION: u32 = 1;

/// Returns the object of a contact: every member is always there.
pub(crate) fn object(codec: &IdCodec, grant: Key, contact: &Contact) -> Result<Value, StoreError> {
    let document = Members::read(&contact.document)?;
    let mut object = Map::new();
    let id = |kind, key| Value::String(codec.seal(kind, key).to_string());
    object.insert("id".to_owned(), id(Kind::Contact, contact.id));
    object.insert("grant_id".to_owned(), id(Kind::Grant, grant));
    object.insert("object".to_owned(), json!("contact"));
    for text in ContactText::ALL {
        let value = document.0.get(text.name()).cloned();
        object.insert(text.name().to_owned(), value.unwrap_or(Value::Null));
    }
    for list in ContactList::ALL {
        object.insert(
            list.name().to_owned(),
            Value::Array(entries(&document, list)),
        );
    }
    object.insert("groups".to_owned(), json!([]));
    object.insert("source".to_owned(), json!(contact.source));
    let metadata = match &contact.metadata {
        None => json!({}),
        Some(text) => serde_json::from_str(text).map_err(damaged)?,
    };
    object.insert("metadata".to_owned(), metadata);
    object.insert("created_at".to_owned(), json!(contact.created_at));
    object.insert("updated_at".to_owned(), json!(contact.updated_at));
    Ok(Value::Object(object))
}

/// Returns the entries of a list with all their members.
fn entries(document: &Members, list: ContactList) -> Vec<Value> {
    let whole = |entry: &Value| {
        let mut shown = Map::new();
        for name in list.entry_texts() {
            shown.insert((*name).to_owned(), entry[*name].clone());
        }
        Value::Object(shown)
    };
    document.list(list).iter().map(whole).collect()
}

/// The members of a contact that are set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Returns the members of a contact that has none yet.
    pub(super) fn none() -> Self {
        let mut members = Map::new();
        members.insert("v".to_owned(), json!(DOCUMENT_VERSION));
        Self(members)
    }

    /// Reads the stored form.
    pub(super) fn read(document: &str) -> Result<Self, StoreError> {
        let members: Map<String, Value> = serde_json::from_str(document).map_err(damaged)?;
        if members.get("v") != Some(&json!(DOCUMENT_VERSION)) {
            return Err(StoreError::Fault(
                "a contact has an unknown version".to_owned(),
            ));
        }
        Ok(Self(members))
    }

    /// Returns the stored form.
    pub(super) fn stored(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Takes over what a checked change says.
    pub(super) fn merge(&mut self, change: &ContactChange) {
        for (text, value) in &change.texts {
            match value {
                Some(value) => self.0.insert(text.name().to_owned(), json!(value)),
                None => self.0.shift_remove(text.name()),
            };
        }
        for (list, entries) in &change.lists {
            let entries: Vec<Value> = entries
                .iter()
                .map(|entry| entry.iter().map(|(name, text)| (*name, text.as_str())))
                .map(|entry| entry.map(|(name, text)| (name.to_owned(), json!(text))))
                .map(|entry| Value::Object(entry.collect()))
                .collect();
            self.0.insert(list.name().to_owned(), Value::Array(entries));
        }
    }

    /// Refuses a contact that nobody could recognise.
    pub(super) fn check_recognisable(&self) -> Result<(), Refusal> {
        let names = ["given_name", "surname", "display_name", "company_name"];
        let is_named = names.iter().any(|name| self.0.contains_key(*name));
        if is_named || !self.list(ContactList::Emails).is_empty() {
            return Ok(());
        }
        Err(Refusal::Invalid {
            field: None,
            message:
                "a contact needs a given_name, surname, display_name, company_name or an address in emails"
                    .to_owned(),
            fix: None,
        })
    }

    /// Returns a text, empty when it is not set.
    pub(super) fn text(&self, text: ContactText) -> &str {
        self.0
            .get(text.name())
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns the entries of a list.
    pub(super) fn list(&self, list: ContactList) -> &[Value] {
        self.0
            .get(list.name())
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Fault(format!("a contact is damaged: {error}"))
}
