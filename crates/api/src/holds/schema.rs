//! A hold as the document shows it, and as it is answered.

use posthouse_mailroom::send::{HOLD_STATUSES, HoldView};
use serde_json::{Value, json};

use crate::openapi::schema::{
    Component, Member, Schema, any, constant, list, object, one_of, optional, text, time, uuid,
};

/// What a hold is answered as.
pub(crate) const HOLD: Component = Component::new("Hold", hold);

fn hold() -> Schema {
    object([
        ("id", uuid()),
        ("object", constant("hold")),
        ("grant_id", uuid()),
        ("rule_ids", list(uuid()).about("The rules that ask for approval.")),
        (
            "reasons",
            list(text()).about("What asks for approval, in words; never what was found."),
        ),
        ("status", one_of(&HOLD_STATUSES)),
        (
            "note",
            text().nullable().about("What who decided had to say."),
        ),
        ("created_at", time()),
        ("expires_at", time().about("When it counts as rejected.")),
        ("decided_at", time().nullable()),
        (
            "message",
            any().about("The message as it will be, or as it is once it was sent; without its body in listings."),
        ),
    ])
}

/// The member of a sent message that tells that it waits.
pub(crate) fn hold_of_message() -> Member {
    optional(
        "hold",
        object([
            ("id", uuid()),
            ("rule_ids", list(uuid())),
            ("reasons", list(text())),
            ("status", one_of(&HOLD_STATUSES)),
            ("expires_at", time()),
        ]),
    )
}

/// Renders a hold as a member of the message that waits.
pub(crate) fn render_for_message(view: &HoldView) -> Value {
    json!({
        "id": view.id,
        "rule_ids": view.rule_ids,
        "reasons": view.reasons,
        "status": view.status,
        "expires_at": view.expires_at,
    })
}

/// Renders a hold.
pub(super) fn render(view: &HoldView) -> Value {
    let message: Value = serde_json::from_slice(&view.message).unwrap_or_default();
    json!({
        "id": view.id,
        "object": "hold",
        "grant_id": view.grant_id,
        "rule_ids": view.rule_ids,
        "reasons": view.reasons,
        "status": view.status,
        "note": view.note,
        "created_at": view.created_at,
        "expires_at": view.expires_at,
        "decided_at": view.decided_at,
        "message": message,
    })
}
