//! The webhook as the document shows it.

use posthouse_mailroom::webhooks::DestinationStatus;
use posthouse_mailroom::webhooks::limits::{
    DESCRIPTION_CHARACTERS_MAX, NOTIFICATION_ADDRESSES_MAX, TRIGGER_TYPES_MAX,
};

use crate::openapi::schema::{
    Component, Schema, all, email, flag, list, object, one_of, text, time, url, uuid,
};

/// What a webhook is answered as.
pub(crate) const WEBHOOK: Component = Component::new("Webhook", webhook);

pub(super) const SCOPES: [&str; 3] = ["application", "workspace", "grant"];

fn webhook() -> Schema {
    let statuses = [
        DestinationStatus::Active,
        DestinationStatus::Pause,
        DestinationStatus::Failing,
        DestinationStatus::Failed,
    ];
    object([
        ("id", uuid()),
        ("description", text()),
        ("trigger_types", list(text())),
        ("webhook_url", url()),
        ("status", one_of(&statuses.map(DestinationStatus::name))),
        ("notification_email_addresses", list(email())),
        ("compressed_delivery", flag()),
        ("scope", object([("type", one_of(&SCOPES)), ("id", uuid())])),
        ("include_junk", flag()),
        ("status_updated_at", time()),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// A webhook with its secret.
pub(super) fn revealed() -> Schema {
    let secret = text().about("What its notifications are signed with; shown this once.");
    all([WEBHOOK.reference(), object([("webhook_secret", secret)])])
}

pub(super) fn trigger_types() -> Schema {
    list(text().example("message.created")).at_most(TRIGGER_TYPES_MAX)
}

pub(super) fn description() -> Schema {
    text().at_most(DESCRIPTION_CHARACTERS_MAX)
}

pub(super) fn addresses() -> Schema {
    list(email()).at_most(NOTIFICATION_ADDRESSES_MAX)
}

/// Where notifications go.
pub(super) fn destination() -> Schema {
    text().example("https://app.example/notified")
}
