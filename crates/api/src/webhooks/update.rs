//! `PUT /v3/webhooks/{webhook_id}`

use posthouse_mailroom::webhooks::DestinationChange;

use super::render;
use crate::call::Call;
use crate::routes::Answer;

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
