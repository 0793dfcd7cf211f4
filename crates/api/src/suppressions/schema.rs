//! A suppression as the document shows it, and as it is answered.

use posthouse_mailroom::suppressions::{ADDRESSES_PER_CALL_MAX, REASONS, SuppressionView};
use serde_json::{Value, json};

use crate::openapi::schema::{
    Component, Schema, email, list, object, one_of, optional, text, time, uuid,
};

/// What a suppression is answered as.
pub(crate) const SUPPRESSION: Component = Component::new("Suppression", suppression);

fn suppression() -> Schema {
    object([
        ("id", uuid()),
        ("address", email()),
        ("reason", one_of(&REASONS)),
        (
            "workspace_id",
            uuid()
                .nullable()
                .about("The workspace whose mail alone is kept from it."),
        ),
        (
            "source_message_id",
            uuid().nullable().about("The message that taught it."),
        ),
        ("created_at", time()),
        ("expires_at", time().nullable()),
    ])
}

/// What addresses are put on the list with.
pub(super) fn body() -> Schema {
    object([
        optional("address", text().example("gone@nowhere.example")),
        optional("addresses", list(text()).at_most(ADDRESSES_PER_CALL_MAX)),
        optional("reason", one_of(&REASONS).default_is("manual")),
        optional(
            "workspace_id",
            text().about("Only mail of this workspace is kept from it."),
        ),
        optional("expires_at", time()),
    ])
}

/// Renders a suppression.
pub(super) fn render(view: &SuppressionView) -> Value {
    json!({
        "id": view.id,
        "address": view.address,
        "reason": view.reason,
        "workspace_id": view.workspace_id,
        "source_message_id": view.source_message_id,
        "created_at": view.created_at,
        "expires_at": view.expires_at,
    })
}
