//! The API key as the document shows it.

use posthouse_mailroom::api_keys::ApiKeyStatus;
use posthouse_mailroom::limits::{KEY_DAYS_MAX, NAME_CHARACTERS_MAX};

use crate::openapi::schema::{
    Component, Schema, count, flag, list, object, one_of, optional, required, text, time, uuid,
};

/// What a key is answered as.
pub(crate) const API_KEY: Component = Component::new("ApiKey", api_key);

const SCOPES: [&str; 3] = ["application", "workspace", "grant"];

fn api_key() -> Schema {
    let statuses = [
        ApiKeyStatus::Active,
        ApiKeyStatus::Revoked,
        ApiKeyStatus::Expired,
    ];
    object([
        ("id", uuid()),
        ("name", text()),
        ("application_id", uuid()),
        ("permissions", list(one_of(&["read", "write", "admin"]))),
        ("status", one_of(&statuses.map(ApiKeyStatus::name))),
        ("scope", object([("type", one_of(&SCOPES)), ("id", uuid())])),
        ("read_only", flag()),
        ("prefix", text().about("Its first characters.")),
        ("created_at", time()),
        ("updated_at", time()),
        ("expires_at", time().nullable()),
        (
            "last_used_at",
            time()
                .nullable()
                .about("Unix seconds, exact to about a minute."),
        ),
    ])
}

/// What a key is made with.
pub(super) fn body() -> Schema {
    let days = usize::try_from(KEY_DAYS_MAX).expect("days are few");
    let scope = object([
        required("type", one_of(&SCOPES)),
        optional("id", text().about("Not needed for an application.")),
    ]);
    object([
        required("name", text().at_least(1).at_most(NAME_CHARACTERS_MAX)),
        optional(
            "expires_in",
            count().at_most(days).about("Days; 0 is never."),
        ),
        optional(
            "scope",
            scope.about("What it may reach; the whole application by default."),
        ),
        optional("read_only", flag().default_is(false)),
        optional("admin", flag().default_is(false)),
    ])
}
