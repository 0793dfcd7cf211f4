//! `PUT /v3/webhooks/{webhook_id}`

use posthouse_mailroom::webhooks::DestinationChange;

use super::render;
use super::schema::{WEBHOOK, addresses, description, destination, trigger_types};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, object, one_of, optional};
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updateWebhook", "Change a webhook")
        .about("What is absent, `null` or empty stays as it is.")
        .body(object([
            optional("trigger_types", trigger_types()),
            optional("webhook_url", destination()),
            optional("description", description()),
            optional("status", one_of(&["active", "pause", "inactive"])),
            optional("notification_email_addresses", addresses()),
            optional("compressed_delivery", flag()),
        ]))
        .one(WEBHOOK.reference())
}

/// Changes a destination; what is absent, `null` or empty stays as it is.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    let change = DestinationChange {
        trigger_types: body.optional("trigger_types")?,
        webhook_url: body.optional("webhook_url")?,
        description: body.optional("description")?,
        status: body.optional("status")?,
        notification_email_addresses: body.optional("notification_email_addresses")?,
        compressed_delivery: body.optional("compressed_delivery")?,
    };
    let warnings = body.unknown();
    let id = call.parameter("webhook_id");
    let destination = call
        .mailroom
        .update_webhook(call.actor()?, id, change)
        .await?;
    Ok(call.object(&render(&destination)).warnings(&warnings))
}
