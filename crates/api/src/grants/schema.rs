//! The grant, which is an account, as the document shows it.

use posthouse_mailroom::limits::{
    APP_PASSWORD_CHARACTERS_MAX, APP_PASSWORD_CHARACTERS_MIN, NAME_CHARACTERS_MAX,
};

use crate::openapi::schema::{
    Component, Schema, any, constant, count, email, flag, list, object, one_of, replacement, text,
    time, uuid,
};

use crate::policies::{limits, outbound_guard, spam_detection};

/// What an account is answered as.
pub(crate) const GRANT: Component = Component::new("Grant", grant);

fn grant() -> Schema {
    object([
        ("id", uuid()),
        ("provider", constant("nylas")),
        ("grant_status", one_of(&["valid", "invalid"])),
        ("email", email()),
        ("name", text()),
        ("scope", list(text())),
        ("settings", object([("plus_addressing", flag())])),
        ("blocked", flag().about("Suspended.")),
        ("suspended_reason", text().nullable()),
        ("workspace_id", uuid()),
        ("protocol_access", flag().about("Mail clients can sign in.")),
        ("storage_used", count().about("Bytes of its messages.")),
        ("last_activity_at", time().nullable()),
        ("created_at", time()),
        ("updated_at", time()),
        replacement(
            "effective_policy",
            object([
                ("policy_id", uuid().nullable()),
                ("name", text().nullable()),
                ("limits", limits(|name, schema| (name, schema))),
                (
                    "spam_detection",
                    object(spam_detection(|name, schema| (name, schema))),
                ),
                (
                    "outbound_guard",
                    outbound_guard(|name, schema| (name, schema)),
                ),
                (
                    "used",
                    object([
                        ("sent_today", count()),
                        ("received_today", count()),
                        ("storage", count().about("Bytes.")),
                        ("resets_at", time().about("00:00 UTC.")),
                    ]),
                ),
            ])
            .about("With `effective_policy`."),
        ),
        replacement("email_aliases", list(any()).about("With `expose_aliases`.")),
    ])
}

/// A name to be given.
pub(crate) fn name() -> Schema {
    text().at_least(1).at_most(NAME_CHARACTERS_MAX)
}

/// What mail clients sign in with.
pub(crate) fn app_password() -> Schema {
    text()
        .at_least(APP_PASSWORD_CHARACTERS_MIN)
        .at_most(APP_PASSWORD_CHARACTERS_MAX)
        .about("Printable ASCII with a capital, a small letter and a digit.")
}
