//! The connector as the document shows it.

use posthouse_mailroom::limits::NAME_CHARACTERS_MAX;

use crate::openapi::schema::{
    Component, Member, Schema, any, ignored, list, map, object, one_of, optional, text,
};

/// What a connector is answered as.
pub(crate) const CONNECTOR: Component = Component::new("Connector", connector);

fn connector() -> Schema {
    object([
        ("provider", one_of(&["nylas"])),
        ("name", text()),
        ("settings", map(any())),
        ("scope", list(text())),
    ])
}

/// What name and settings are set with.
pub(super) fn members() -> [Member; 3] {
    [
        optional("name", text().at_least(1).at_most(NAME_CHARACTERS_MAX)),
        optional("settings", map(any()).about("Kept as they are.")),
        ignored("scope"),
    ]
}
