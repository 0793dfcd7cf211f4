//! A pause as the API shows it.

use posthouse_mailroom::pauses::PauseView;
use serde_json::{Value, json};

use crate::openapi::schema::{Component, Schema, count, object, one_of, text, time, uuid};

/// What a pause is answered as.
pub(crate) const PAUSE: Component = Component::new("Pause", pause);

fn pause() -> Schema {
    object([
        ("id", uuid()),
        (
            "scope",
            one_of(&["account", "domain", "application"]).about("The narrowest that explains it."),
        ),
        ("grant_id", uuid().nullable()),
        ("domain", text().nullable()),
        ("metric", one_of(&["bounce", "complaint"])),
        ("reason", text().about("In words, with the rate.")),
        ("events", count()),
        (
            "recipients",
            count().about("The last recipients of the application that were looked at."),
        ),
        ("created_at", time()),
    ])
}

/// Renders a pause.
pub(super) fn render(view: &PauseView) -> Value {
    json!({
        "id": view.id,
        "scope": view.scope,
        "grant_id": view.grant_id,
        "domain": view.domain,
        "metric": view.trouble,
        "reason": view.reason,
        "events": view.events,
        "recipients": view.recipients,
        "created_at": view.created_at,
    })
}
