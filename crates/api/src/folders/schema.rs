//! The folder as the document shows it.

use posthouse_mailroom::limits::{FOLDER_COLOUR_CHARACTERS_MAX, FOLDER_NAME_CHARACTERS_MAX};
use posthouse_types::folders::SystemFolder;

use crate::openapi::schema::{
    Component, Schema, constant, count, flag, list, object, one_of, text, uuid,
};

/// What a folder is answered as.
pub(crate) const FOLDER: Component = Component::new("Folder", folder);

fn folder() -> Schema {
    object([
        ("id", uuid()),
        ("grant_id", uuid()),
        ("object", constant("folder")),
        (
            "name",
            text()
                .example("2026")
                .about("The last element of its path."),
        ),
        ("path", text().example("Receipts/2026")),
        ("parent_id", uuid().nullable()),
        ("child_count", count().about("Folders directly below it.")),
        ("total_count", count().about("Messages in it.")),
        ("unread_count", count().about("Unread messages in it.")),
        ("system_folder", flag()),
        (
            "attributes",
            list(one_of(&SystemFolder::ALL.map(SystemFolder::attribute))),
        ),
        ("text_color", text().nullable()),
        ("background_color", text().nullable()),
    ])
}

/// A name to be given, which may be a path.
pub(super) fn name() -> Schema {
    text().at_least(1).at_most(FOLDER_NAME_CHARACTERS_MAX)
}

/// A colour, shown as given.
pub(super) fn colour() -> Schema {
    text()
        .at_most(FOLDER_COLOUR_CHARACTERS_MAX)
        .example("#ff0000")
}
