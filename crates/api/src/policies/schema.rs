//! A policy as the document shows it, and as it is answered.

use posthouse_mailroom::limits::NAME_CHARACTERS_MAX;
use posthouse_mailroom::policies::{
    ADDITIONAL_FOLDERS_MAX, ALLOWED_TYPES_MAX, GUARD_ACTIONS, GUARD_PATTERNS_MAX, PolicyView,
};
use serde_json::{Value, json};

use crate::openapi::schema::{
    Component, Member, Schema, any, flag, ignored, integer, list, object, one_of, optional,
    required, text, time, uuid,
};

/// What a policy is answered as.
pub(crate) const POLICY: Component = Component::new("Policy", policy);

/// Unknown members that are named in one answer.
const WARNINGS_MAX: usize = 20;

const READ_ONLY: [&str; 5] = [
    "id",
    "application_id",
    "organization_id",
    "created_at",
    "updated_at",
];

fn policy() -> Schema {
    object([
        ("id", uuid()),
        ("name", text()),
        ("application_id", uuid()),
        ("organization_id", uuid()),
        ("limits", limits(|name, schema| (name, schema))),
        ("rules", list(any()).about("Kept as sent, never evaluated.")),
        ("options", options()),
        (
            "spam_detection",
            object(spam_detection(|name, schema| (name, schema))),
        ),
        (
            "outbound_guard",
            outbound_guard(|name, schema| (name, schema)),
        ),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// What a policy is made or changed with.
pub(super) fn body(is_new: bool) -> Schema {
    let name = text().at_least(1).at_most(NAME_CHARACTERS_MAX);
    object([
        match is_new {
            true => required("name", name),
            false => optional("name", name),
        },
        optional("limits", limits(optional)),
        optional("rules", list(any()).about("Kept as sent, never evaluated.")),
        optional("options", options()),
        optional("spam_detection", object(spam_detection(optional))),
        optional("outbound_guard", outbound_guard(optional)),
    ])
    .and(READ_ONLY.map(ignored))
}

/// Limits as they are answered and sent; `-1` for none.
pub(crate) fn limits(member: impl Fn(&'static str, Schema) -> Member) -> Schema {
    object([
        member(
            "limit_attachment_size_limit",
            integer().about("Bytes of one attachment that arrives; larger ones are dropped. `-1`: no limit, here and below."),
        ),
        member(
            "limit_attachment_count_limit",
            integer().about("Attachments of a message that arrives; the others are dropped."),
        ),
        member(
            "limit_attachment_allowed_types",
            list(text().example("image/*"))
                .at_most(ALLOWED_TYPES_MAX)
                .about("Attachments of other types are dropped; none listed: all are let in."),
        ),
        member(
            "limit_size_total_mime",
            integer().about("Bytes of a message that arrives; larger ones are refused."),
        ),
        member(
            "limit_storage_total",
            integer().about("Bytes of all messages of an account."),
        ),
        member(
            "limit_count_daily_message_received",
            integer().about("Messages that an account receives in a UTC day."),
        ),
        member(
            "limit_count_daily_email_sent",
            integer().about("Messages that an account sends in a UTC day."),
        ),
        member(
            "limit_count_daily_message_per_grant",
            integer().about("The other name of `limit_count_daily_email_sent`."),
        ),
        member(
            "limit_inbox_retention_period",
            integer().about("Days that messages stay in every folder but Drafts and Junk."),
        ),
        member(
            "limit_spam_retention_period",
            integer().about("Days that messages stay in Junk; fewer than in the inbox."),
        ),
    ])
}

pub(crate) fn spam_detection(member: impl Fn(&'static str, Schema) -> Member) -> [Member; 3] {
    [
        member("use_list_dnsbl", flag()),
        member("use_header_anomaly_detection", flag()),
        member(
            "spam_sensitivity",
            any().about("A number from 0.1 to 5.0; larger is stricter."),
        ),
    ]
}

pub(crate) fn outbound_guard(member: impl Fn(&'static str, Schema) -> Member) -> Schema {
    let action = || one_of(&GUARD_ACTIONS);
    let pattern = object([
        required("name", text().at_least(1)),
        required("regex", text().at_least(1)),
        required("action", action()),
    ]);
    object([
        member("secrets", action().about("Keys, tokens, passwords.")),
        member("payment_cards", action()),
        member("first_time_recipients", action()),
        member(
            "attachment_types",
            action().about("Attachments of types that are dangerous to open."),
        ),
        member("patterns", list(pattern).at_most(GUARD_PATTERNS_MAX)),
    ])
}

fn options() -> Schema {
    object([
        optional(
            "additional_folders",
            list(text().at_least(1))
                .at_most(ADDITIONAL_FOLDERS_MAX)
                .about("Made in all accounts of the workspaces that name the policy."),
        ),
        optional(
            "use_cidr_aliasing",
            flag().about("Kept, without an effect."),
        ),
    ])
}

/// Returns a warning for each member that is none of a policy.
pub(super) fn warnings(unknown: &[String]) -> Vec<String> {
    let named = unknown.iter().take(WARNINGS_MAX);
    named
        .map(|path| format!("unknown field ignored: {path}"))
        .collect()
}

/// Renders a policy.
pub(super) fn render(view: &PolicyView) -> Value {
    let mut object = view.members.clone();
    object["id"] = json!(view.id);
    object["application_id"] = json!(view.application_id);
    object["organization_id"] = json!(view.organization_id);
    object["created_at"] = json!(view.created_at);
    object["updated_at"] = json!(view.updated_at);
    object
}
