//! Lists as they are shown.

use posthouse_rules::limits::DESCRIPTION_CHARACTERS_MAX;
use posthouse_rules::list::ListType;
use posthouse_store::StoreError;
use posthouse_store::tables::lists::StoredList;
use posthouse_types::ids::Kind;

use crate::{Mailroom, Refusal};

/// What lists can hold, as it is named.
pub const TYPES: [&str; 3] = ["domain", "tld", "address"];

/// A list as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// Public id.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// A text for people.
    pub description: Option<String>,
    /// One of [`TYPES`].
    pub kind: &'static str,
    /// How many items it has.
    pub items_count: i64,
    /// Public id of its application.
    pub application_id: String,
    /// Public id of the organisation.
    pub organization_id: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Mailroom {
    pub(super) fn view_list(&self, row: &StoredList) -> Result<ListView, StoreError> {
        Ok(ListView {
            id: self.public_id(Kind::List, row.id),
            name: row.name.clone(),
            description: row.description.clone(),
            kind: type_of(row)?.name(),
            items_count: row.items_count,
            application_id: self.public_id(Kind::Application, row.application),
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Returns what a list holds.
pub(super) fn type_of(row: &StoredList) -> Result<ListType, StoreError> {
    ListType::from_stored(row.kind)
        .ok_or_else(|| StoreError::Damaged(format!("unknown type of a list {}", row.kind)))
}

/// Reads the name of a type.
pub(super) fn type_named(name: &str) -> Result<ListType, Refusal> {
    ListType::from_name(name)
        .ok_or_else(|| Refusal::invalid("type", format!("expected one of {}", TYPES.join(", "))))
}

/// Checks a text for people.
pub(super) fn check_description(description: Option<&str>) -> Result<(), Refusal> {
    let is_long = |text: &str| text.chars().count() > DESCRIPTION_CHARACTERS_MAX;
    if description.is_some_and(is_long) {
        let message = format!("expected at most {DESCRIPTION_CHARACTERS_MAX} characters");
        return Err(Refusal::invalid("description", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_name() {
        assert_eq!(ListType::ALL.map(ListType::name), TYPES);
    }
}
