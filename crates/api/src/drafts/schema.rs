//! The draft as the document shows it, and what one is written with.

use crate::messages::schema::{common_members, tracking_options};
use crate::messages::send::schema::members;
use crate::openapi::schema::{
    Component, Schema, constant, count, flag, list, object, optional, text, time, uuid,
};

/// What a draft is answered as.
pub(crate) const DRAFT: Component = Component::new("Draft", draft);

fn draft() -> Schema {
    let shared = common_members().into_iter();
    let header = object([("name", text()), ("value", text())]);
    object([("id", uuid()), ("object", constant("draft"))])
        .and(shared.filter(|(name, _)| *name != "thread_id"))
        .and([
            (
                "thread_id",
                uuid().nullable().about("Of the message that it answers."),
            ),
            ("created_at", time()),
            ("updated_at", time().about("The same as `date`.")),
            ("unread", flag()),
            ("answered", constant(false)),
            (
                "reply_to_message_id",
                text().about("Empty if it answers nothing."),
            ),
            ("tracking_options", tracking_options()),
            ("is_plaintext", flag()),
            ("custom_headers", list(header)),
            (
                "rfc822_message_id",
                constant("").about("It gets one when it is sent."),
            ),
            ("size", count().about("Bytes of the body and the files.")),
        ])
}

/// What drafts are made and changed with.
pub(super) fn body() -> Schema {
    object(members()).and([
        optional("unread", flag()),
        optional(
            "thread_id",
            text().about("The thread it belongs to when it answers nothing."),
        ),
        optional("send_at", time().about("Has no effect.")),
        optional("use_draft", flag().about("Has no effect.")),
    ])
}
