//! A row of the queue as the API shows it.

use posthouse_mailroom::send::QueuedMail;
use serde_json::{Value, json};

use crate::openapi::schema::{
    Component, Schema, constant, count, either, email, flag, object, one_of, text, time, uuid,
};

/// What mail for one recipient is answered as.
pub(crate) const QUEUED_MAIL: Component = Component::new("QueuedMail", queued_mail);

/// Every state that mail in the queue is in.
pub(super) const STATES: [&str; 5] = ["queued", "active", "deferred", "held", "captured"];

fn queued_mail() -> Schema {
    object([
        ("id", uuid()),
        ("message_id", uuid()),
        ("grant_id", either([uuid(), constant("")])),
        ("recipient", email()),
        ("state", one_of(&STATES)),
        ("attempts", count()),
        ("next_attempt_at", time().nullable()),
        (
            "last_reply",
            text().nullable().about("What the other server said last."),
        ),
        ("created_at", time()),
        (
            "uncertain",
            flag().about(
                "An attempt ended without an answer to the message: it may have been taken.",
            ),
        ),
    ])
}

/// Renders mail for one recipient.
pub(super) fn render(row: &QueuedMail) -> Value {
    json!({
        "id": row.id,
        "message_id": row.message_id,
        "grant_id": row.grant_id,
        "recipient": row.recipient,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at,
        "last_reply": row.last_reply,
        "created_at": row.created_at,
        "uncertain": row.is_uncertain,
    })
}
