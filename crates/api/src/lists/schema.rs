//! Lists and their items as the document shows them, and as they are answered.

use posthouse_mailroom::limits::{LIST_ITEMS_PER_CALL_MAX, NAME_CHARACTERS_MAX};
use posthouse_mailroom::lists::{
    DESCRIPTION_CHARACTERS_MAX, ITEM_CHARACTERS_MAX, ItemView, ListView, TYPES,
};
use serde_json::{Value, json};

use crate::body::Fields;
use crate::openapi::schema::{
    Component, Member, Schema, count, ignored, list, object, one_of, required, text, time, uuid,
};

/// What a list is answered as.
pub(crate) const LIST: Component = Component::new("List", of_list);

/// What an item of a list is answered as.
pub(crate) const LIST_ITEM: Component = Component::new("ListItem", of_item);

/// What clients send back with a list, without an effect.
const READ_ONLY: [&str; 6] = [
    "id",
    "items_count",
    "application_id",
    "organization_id",
    "created_at",
    "updated_at",
];

fn of_list() -> Schema {
    object([
        ("id", uuid()),
        ("name", text()),
        ("description", text().nullable()),
        ("type", one_of(&TYPES)),
        ("items_count", count()),
        ("application_id", uuid()),
        ("organization_id", uuid()),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

fn of_item() -> Schema {
    object([
        ("id", uuid()),
        ("list_id", uuid()),
        (
            "value",
            text().about("Lower case, domains as A-labels, without a leading `@` or dot."),
        ),
        ("created_at", time()),
    ])
}

/// A name for people.
pub(super) fn name() -> Schema {
    text().at_least(1).at_most(NAME_CHARACTERS_MAX)
}

/// A text for people.
pub(super) fn description() -> Schema {
    text().at_most(DESCRIPTION_CHARACTERS_MAX)
}

/// What clients send back with a list, without an effect.
pub(super) fn read_only() -> [Member; 6] {
    READ_ONLY.map(ignored)
}

/// Passes over what clients send back with a list.
pub(super) fn pass_over(body: &mut Fields<'_>) {
    body.ignore(&READ_ONLY);
}

/// Items that are put on a list.
pub(super) fn items() -> Schema {
    named(text().at_most(ITEM_CHARACTERS_MAX))
}

/// Items that are taken off a list: what is on none may be of any length.
pub(super) fn items_to_remove() -> Schema {
    named(text())
}

fn named(entry: Schema) -> Schema {
    object([required(
        "items",
        list(entry).at_least(1).at_most(LIST_ITEMS_PER_CALL_MAX),
    )])
}

/// Renders a list.
pub(super) fn render(view: &ListView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "description": view.description,
        "type": view.kind,
        "items_count": view.items_count,
        "application_id": view.application_id,
        "organization_id": view.organization_id,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    })
}

/// Renders an item.
pub(super) fn render_item(view: &ItemView) -> Value {
    json!({
        "id": view.id,
        "list_id": view.list_id,
        "value": view.value,
        "created_at": view.created_at,
    })
}
