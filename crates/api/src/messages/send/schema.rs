//! What messages are written with, as the document shows it.

use posthouse_mailroom::send::TRACKING_LABEL_CHARACTERS_MAX;
use posthouse_mailroom::send::limits::{
    ADDRESSES_PER_FIELD_MAX, CUSTOM_HEADER_NAME_CHARACTERS_MAX, CUSTOM_HEADER_VALUE_CHARACTERS_MAX,
    CUSTOM_HEADERS_MAX, DISPLAY_NAME_CHARACTERS_MAX, FILENAME_CHARACTERS_MAX, FILES_MAX,
    SUBJECT_CHARACTERS_MAX,
};

use crate::openapi::schema::{
    Member, Schema, any, count, either, email, flag, integer, list, map, metadata, object,
    optional, required, text,
};

const NOT_OFFERED: &str = "Not supported: anything but an empty value is refused.";

/// The members that messages and drafts are written with.
pub(crate) fn members() -> Vec<Member> {
    let file = object([
        required(
            "content",
            text().about("Base64.").with("contentEncoding", "base64"),
        ),
        optional("filename", text().at_most(FILENAME_CHARACTERS_MAX)),
        optional("content_type", text().example("application/pdf")),
        optional(
            "content_disposition",
            text()
                .about("`inline` or `attachment`; parameters are not read.")
                .example("attachment"),
        ),
        optional("content_id", text()),
        optional("is_inline", flag()),
        optional("size", count().about("Has no effect: it is counted.")),
    ]);
    let header = object([
        required(
            "name",
            text()
                .at_least(1)
                .at_most(CUSTOM_HEADER_NAME_CHARACTERS_MAX),
        ),
        required("value", text().at_most(CUSTOM_HEADER_VALUE_CHARACTERS_MAX)),
    ]);
    let from = either([list(mailbox()).at_most(1), mailbox()]);
    vec![
        optional("to", mailboxes()),
        optional("cc", mailboxes()),
        optional("bcc", mailboxes()),
        optional("reply_to", mailboxes()),
        optional(
            "from",
            from.about("The account's own address, with another name if wanted."),
        ),
        optional("subject", text().at_most(SUBJECT_CHARACTERS_MAX)),
        optional("body", text().about("HTML, unless `is_plaintext`.")),
        optional("is_plaintext", flag().default_is(false)),
        optional("custom_headers", list(header).at_most(CUSTOM_HEADERS_MAX)),
        optional(
            "reply_to_message_id",
            text().about("The message that this one answers."),
        ),
        optional("metadata", metadata()),
        optional("starred", flag()),
        optional("attachments", list(file).at_most(FILES_MAX)),
        optional("tracking_options", tracking_options()),
        optional("template", map(any()).about(NOT_OFFERED)),
        optional("signature_id", text().about(NOT_OFFERED)),
    ]
}

/// What sending reads beside them.
pub(crate) fn body() -> Schema {
    object(members()).and([
        optional("send_at", integer().about("Unix seconds at which it goes.")),
        optional("use_draft", flag().about("Has no effect.")),
        optional(
            "list_unsubscribe",
            flag()
                .default_is(false)
                .about("The header offers the one recipient to unsubscribe by a click (RFC 8058), which suppresses the address."),
        ),
    ])
}

fn mailboxes() -> Schema {
    list(mailbox()).at_most(ADDRESSES_PER_FIELD_MAX)
}

fn mailbox() -> Schema {
    object([
        required("email", email()),
        optional("name", text().at_most(DISPLAY_NAME_CHARACTERS_MAX)),
    ])
}

fn tracking_options() -> Schema {
    object([
        optional("opens", flag()),
        optional("links", flag()),
        optional("thread_replies", flag()),
        optional("label", text().at_most(TRACKING_LABEL_CHARACTERS_MAX)),
        optional("domain_name", text()),
    ])
}
