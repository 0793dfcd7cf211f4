//! `POST /v3/webhooks`

use posthouse_mailroom::webhooks::{NewDestination, RequestedScope};

use super::render_revealed;
use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::routes::Answer;

/// Makes a destination once its URL has answered the challenge; the answer shows its secret.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let new = NewDestination {
        trigger_types: body.required("trigger_types")?,
        webhook_url: body.required("webhook_url")?,
        description: body.optional("description")?.unwrap_or_default(),
        notification_email_addresses: body
            .optional("notification_email_addresses")?
            .unwrap_or_default(),
        compressed_delivery: body.optional("compressed_delivery")?.unwrap_or(false),
        scope: body.object("scope")?.map(read_scope).transpose()?,
        include_junk: body.optional("include_junk")?.unwrap_or(false),
    };
    let warnings = body.unknown();
    let created = call.mailroom.create_webhook(call.actor()?, new).await?;
    Ok(call.object(&render_revealed(&created)).warnings(&warnings))
}

fn read_scope(mut scope: Fields<'_>) -> Result<RequestedScope, ApiError> {
    Ok(RequestedScope {
        kind: scope.required("type")?,
        id: scope.optional("id")?,
    })
}
