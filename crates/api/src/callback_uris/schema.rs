//! The callback URI as the document shows it.

use posthouse_mailroom::applications::PLATFORMS;
use posthouse_mailroom::limits::CALLBACK_URL_CHARACTERS_MAX;

use crate::openapi::schema::{
    Component, Schema, any, ignored, map, object, one_of, optional, replacement, required, text,
    url, uuid,
};

/// What a callback URI is answered as.
pub(crate) const CALLBACK_URI: Component = Component::new("CallbackUri", callback_uri);

fn callback_uri() -> Schema {
    object([
        ("id", uuid()),
        ("url", text()),
        ("platform", one_of(&PLATFORMS)),
        replacement("settings", map(any())),
    ])
}

fn address() -> Schema {
    url()
        .at_most(CALLBACK_URL_CHARACTERS_MAX)
        .example("https://app.example/callback")
}

/// What one is made with.
pub(crate) fn body() -> Schema {
    object([
        required("url", address()),
        optional("platform", one_of(&PLATFORMS)),
        optional("settings", map(any()).about("Kept as it is.")),
        ignored("id"),
    ])
}

/// What one is changed with.
pub(super) fn change() -> Schema {
    object([
        replacement("url", address()),
        replacement("platform", one_of(&PLATFORMS)),
        optional("settings", map(any())),
        ignored("id"),
    ])
}
