//! The message as the document shows it, and the parameters that listings of messages have in common.

use crate::limits::{ADDRESSES_PER_FILTER_MAX, ANY_EMAIL_MAX};
use crate::openapi::Parameter;
use crate::openapi::schema::{
    Component, Member, Schema, any, constant, count, email, flag, integer, list, metadata, object,
    one_of, optional, replacement, text, time, url, uuid,
};

/// A name and an address.
pub(crate) const MAILBOX: Component = Component::new("Mailbox", mailbox);
/// What a file of a message is answered as.
pub(crate) const ATTACHMENT: Component = Component::new("Attachment", attachment);
/// What a message is answered as.
pub(crate) const MESSAGE: Component = Component::new("Message", message);
/// What a message is answered as with `fields=raw_mime`.
pub(crate) const RAW_MESSAGE: Component = Component::new("RawMessage", raw_message);
/// What an agent looks for in a message.
pub(crate) const EXTRACTED: Component = Component::new("Extracted", extracted);
/// What is known about a message that a stranger wrote.
pub(crate) const SECURITY: Component = Component::new("Security", security);

fn mailbox() -> Schema {
    object([("name", text()), ("email", email())])
}

fn attachment() -> Schema {
    object([
        ("id", uuid()),
        ("grant_id", uuid()),
        ("filename", text()),
        ("content_type", text().example("application/pdf")),
        ("size", count().about("Bytes.")),
        ("content_id", text().nullable()),
        ("content_disposition", text().nullable()),
        (
            "is_inline",
            flag().about("Meant to be shown inside the body."),
        ),
    ])
}

fn message() -> Schema {
    object([("id", uuid()), ("object", constant("message"))])
        .and(common_members())
        .and([
            ("created_at", time()),
            ("unread", flag()),
            ("answered", flag()),
            (
                "rfc822_message_id",
                text().about("With angle brackets; empty if it has none."),
            ),
            ("size", count().about("Bytes of its source.")),
            replacement(
                "headers",
                list(object([("name", text()), ("value", text())])),
            ),
            replacement("tracking_options", tracking_options()),
            optional("extracted", EXTRACTED.reference()),
            optional("security", SECURITY.reference()),
        ])
}

/// The members that messages and drafts share.
pub(crate) fn common_members() -> Vec<Member> {
    let mailboxes = || list(MAILBOX.reference());
    vec![
        ("grant_id", uuid()),
        ("thread_id", uuid()),
        ("folders", list(uuid())),
        ("date", integer().about("Unix seconds.")),
        ("starred", flag()),
        ("subject", text()),
        ("from", mailboxes()),
        ("to", mailboxes()),
        ("cc", mailboxes()),
        ("bcc", mailboxes()),
        ("reply_to", mailboxes()),
        ("snippet", text().about("The beginning of the text.")),
        ("attachments", list(ATTACHMENT.reference())),
        ("metadata", metadata()),
        ("body", text().about("HTML, or text if there is none.")),
    ]
}

fn raw_message() -> Schema {
    object([
        ("id", uuid()),
        ("grant_id", uuid()),
        ("object", constant("message")),
        (
            "raw_mime",
            text().about("The source, base64url with padding."),
        ),
    ])
}

/// What is wanted of what becomes of a message.
pub(crate) fn tracking_options() -> Schema {
    object([
        ("opens", flag()),
        ("links", flag()),
        ("thread_replies", flag()),
        ("label", text()),
        replacement("domain_name", text()),
    ])
}

fn extracted() -> Schema {
    let code = object([
        ("code", text().example("493817")),
        ("source", one_of(&["subject", "body"])),
        (
            "confidence",
            any().with("type", "number").at_least(0).at_most(1),
        ),
    ]);
    let kinds = [
        "verification",
        "magic_link",
        "password_reset",
        "unsubscribe",
        "other",
    ];
    let link = object([("url", text()), ("text", text()), ("kind", one_of(&kinds))]);
    let unsubscribe = object([
        ("http", url().nullable()),
        ("mailto", text().nullable()),
        ("one_click", flag()),
    ]);
    object([
        (
            "reply_text",
            text().about("What its author wrote, without quotes and signature."),
        ),
        ("language", text().nullable().example("en")),
        (
            "otp_codes",
            list(code).about("One-time codes, the likeliest first."),
        ),
        ("links", list(link)),
        ("list_unsubscribe", unsubscribe.nullable()),
        (
            "sender",
            object([
                ("domain", text().nullable().about("The author's.")),
                (
                    "authenticated",
                    flag()
                        .nullable()
                        .about("Whether the author's domain is proven; codes of others are told with less confidence."),
                ),
                ("dmarc", text().nullable()),
                ("spf", text().nullable()),
            ])
            .nullable(),
        ),
    ])
}

/// How much it looks like spam, and why.
fn spam() -> Schema {
    let reason = object([
        ("code", text().about("docs/spam.md lists them.")),
        (
            "score",
            any().about("What it adds; below zero it speaks for the message."),
        ),
        ("description", text()),
    ]);
    object([
        ("score", any().about("A number.")),
        (
            "threshold",
            any().about("Above it the message goes to Junk."),
        ),
        ("verdict", one_of(&["ham", "spam"])),
        ("reasons", list(reason).about("The heaviest first.")),
    ])
}

fn security() -> Schema {
    const SPF: [&str; 7] = [
        "none",
        "neutral",
        "pass",
        "fail",
        "softfail",
        "temperror",
        "permerror",
    ];
    const DKIM: [&str; 6] = [
        "pass",
        "fail",
        "policy",
        "neutral",
        "temperror",
        "permerror",
    ];
    const DMARC: [&str; 5] = ["none", "pass", "fail", "temperror", "permerror"];
    const ARC: [&str; 4] = ["none", "pass", "fail", "temperror"];
    const POLICIES: [&str; 3] = ["none", "quarantine", "reject"];

    let spf = object([
        ("result", one_of(&SPF)),
        (
            "domain",
            text().about("Of the envelope sender, or the HELO name."),
        ),
    ]);
    let signature = object([
        ("result", one_of(&DKIM)),
        ("domain", text().about("Who signed.")),
        ("selector", text()),
    ]);
    let dmarc = object([
        ("result", one_of(&DMARC)),
        (
            "policy",
            one_of(&POLICIES)
                .nullable()
                .about("What the author's domain asks for when mail fails."),
        ),
        ("domain", text().about("The author's.")),
    ]);
    let arc = object([("result", one_of(&ARC))]);
    object([
        ("spf", spf.nullable()),
        (
            "dkim",
            list(signature).about("One for each signature that was evaluated."),
        ),
        ("dmarc", dmarc.nullable()),
        ("arc", arc.nullable()),
        ("spam", spam().nullable()),
        ("parse_truncated", flag().about("Not all of it was read.")),
        (
            "ambiguous_structure",
            flag().about("Programs may read different texts in it."),
        ),
        (
            "sender_ambiguous",
            flag().about("Programs may show different authors: not one `From` with one address."),
        ),
        (
            "hidden_text",
            object([("found", flag()), ("fragments", list(text()))]),
        ),
        (
            "prompt_injection",
            object([
                ("suspected", flag()),
                ("score", any().about("From 0 to 1.")),
                (
                    "indicators",
                    list(object([("code", text()), ("excerpt", text())])),
                ),
            ])
            .about("Words that address a model: a hint, never a filter by itself."),
        ),
        (
            "hints",
            list(object([
                ("code", text()),
                (
                    "place",
                    text().about("`from`, `reply_to`, `subject`, `body`, `hidden`, `attributes`, `link` or `attachment_name`."),
                ),
                ("number", count().about("Which of several such places, from 0.")),
                ("position", count().about("Characters of the place before it.")),
                ("excerpt", text()),
                ("detail", text()),
            ]))
            .about("Facts about hidden text, invisible characters, look-alike domains and words for models; no verdicts."),
        ),
        (
            "automatic",
            object([
                ("is_automatic", flag()),
                ("reasons", list(text())),
                ("received_hops", count()),
            ])
            .about("What says that a program sent it, which nobody should answer for ever."),
        ),
        (
            "dropped_attachments",
            list(object([
                ("filename", text()),
                ("content_type", text()),
                ("size", count()),
                ("reason", text()),
            ]))
            .about("Files that the policy of the account's workspace did not let in; notes stand in their places."),
        ),
    ])
    .about("What nothing checks is `null` or empty: it never looks like a check that was passed.")
}

/// `fields` of everything that answers messages.
pub(super) fn fields() -> Parameter {
    let words = super::fields::WORDS;
    let about = "What messages show beyond their standard members; `raw_mime` stands alone.";
    Parameter::list("fields", one_of(&words), about)
}

/// The filters that waiting and listing share.
pub(crate) fn filters() -> [Parameter; 8] {
    let address = |name, about| Parameter::emails(name, ADDRESSES_PER_FILTER_MAX, about);
    [
        Parameter::list(
            "in",
            text(),
            "Only these folders, by id or name; `all` is every one. Junk and Trash are left out otherwise.",
        ),
        address("from", "Only from these addresses."),
        Parameter::emails(
            "any_email",
            ANY_EMAIL_MAX,
            "Only from or to these addresses.",
        ),
        Parameter::text("subject", "Only with this text in the subject."),
        Parameter::text("thread_id", "Only in this thread."),
        Parameter::flag("has_attachment", "Only with files, or only without."),
        Parameter::text(
            "search_query_native",
            "Words, `\"phrases\"`, `OR`, `-not`, `(groups)` and `prefix*`.",
        ),
        Parameter::text("q", "The short name of `search_query_native`."),
    ]
}

/// The filters of listings alone: those that [`super::filters`] reads beside the shared ones.
pub(crate) fn listing_filters() -> [Parameter; 5] {
    let address = |name, about| Parameter::emails(name, ADDRESSES_PER_FILTER_MAX, about);
    [
        address("to", "Only to these addresses."),
        address("cc", "Only with these addresses in cc."),
        address("bcc", "Only with these addresses in bcc."),
        Parameter::flag("unread", "Only unread, or only read."),
        Parameter::flag("starred", "Only starred, or only others."),
    ]
}

/// The filters that only messages have; in listings of threads they are read and have no effect.
pub(crate) fn message_filters() -> [Parameter; 4] {
    [
        Parameter::time("received_after", "Only received after this time."),
        Parameter::time("received_before", "Only received before this time."),
        Parameter::text("rfc822_message_id", "Only with this `Message-ID`."),
        Parameter::metadata_pair(),
    ]
}
