//! The thread as the document shows it.

use crate::drafts::DRAFT;
use crate::messages::schema::{MAILBOX, MESSAGE};
use crate::openapi::schema::{
    Component, Schema, constant, either, flag, integer, list, object, text, uuid,
};

/// What a thread is answered as.
pub(crate) const THREAD: Component = Component::new("Thread", thread);

fn thread() -> Schema {
    let date = || integer().nullable().about("Unix seconds.");
    object([
        ("id", uuid()),
        ("object", constant("thread")),
        ("grant_id", uuid()),
        ("subject", text().about("Of its oldest message.")),
        ("snippet", text().about("Of its newest message.")),
        ("participants", list(MAILBOX.reference())),
        ("message_ids", list(uuid()).about("Oldest first.")),
        ("draft_ids", list(uuid()).about("The newest change first.")),
        ("folders", list(uuid())),
        ("has_attachments", flag()),
        ("has_drafts", flag()),
        ("starred", flag()),
        ("unread", flag()),
        ("earliest_message_date", date()),
        ("latest_message_received_date", date()),
        ("latest_message_sent_date", date()),
        (
            "latest_draft_or_message",
            either([MESSAGE.reference(), DRAFT.reference()]),
        ),
    ])
}
