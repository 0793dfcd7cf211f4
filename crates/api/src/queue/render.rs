//! A row of the queue as the API shows it.

use posthouse_mailroom::send::QueuedMail;
use serde_json::{Value, json};

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
    })
}
