//! The application as the document shows it.

use posthouse_mailroom::applications::REGIONS;
use posthouse_mailroom::limits::{CALLBACK_URIS_MAX, NAME_CHARACTERS_MAX};

use crate::callback_uris::{self, CALLBACK_URI};
use crate::openapi::schema::{
    Component, Schema, any, list, map, object, one_of, optional, required, text, time, uuid,
};

/// What an application is answered as.
pub(crate) const APPLICATION: Component = Component::new("Application", application);

fn application() -> Schema {
    object([
        ("application_id", uuid()),
        ("organization_id", uuid()),
        ("region", one_of(&REGIONS)),
        ("environment", one_of(&["production", "staging"])),
        ("default_workspace_id", uuid()),
        ("branding", object([("name", text())])),
        ("callback_uris", list(CALLBACK_URI.reference())),
        ("hosted_authentication", map(any())),
        ("idp_settings", map(any())),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// What one is made with.
pub(super) fn body() -> Schema {
    object([
        required("name", name()),
        optional(
            "region",
            one_of(&REGIONS).about("The server's own by default."),
        ),
        optional("branding", branding()),
    ])
}

/// What one is changed with.
pub(super) fn change() -> Schema {
    let uris = list(callback_uris::body()).at_most(CALLBACK_URIS_MAX);
    object([
        optional("branding", branding()),
        optional("hosted_authentication", map(any()).about("Kept as it is.")),
        optional("idp_settings", map(any()).about("Kept as it is.")),
        optional(
            "callback_uris",
            uris.about("Replaces all of them; those that are there keep their ids."),
        ),
    ])
}

fn name() -> Schema {
    text().at_least(1).at_most(NAME_CHARACTERS_MAX)
}

fn branding() -> Schema {
    object([
        optional("name", name()),
        optional("icon_url", text()),
        optional("website_url", text()),
        optional("description", text()),
    ])
    .about("Kept as it is; the name in it is the application's.")
}
