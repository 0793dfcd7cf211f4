//! `POST /v3/webhooks`

use posthouse_mailroom::webhooks::{NewDestination, RequestedScope};

use super::render_revealed;
use super::schema::{SCOPES, addresses, description, destination, revealed, trigger_types};
use crate::body::Fields;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, object, one_of, optional, required, text};
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    let scope = object([
        required("type", one_of(&SCOPES)),
        optional("id", text().about("Not needed for the application.")),
    ]);
    Operation::new("createWebhook", "Create a webhook")
        .about(
            "Its URL is asked first, and must answer the challenge. This answer shows the secret.",
        )
        .body(object([
            required("trigger_types", trigger_types().at_least(1)),
            required("webhook_url", destination()),
            optional("description", description()),
            optional("notification_email_addresses", addresses()),
            optional("compressed_delivery", flag().default_is(false)),
            optional(
                "scope",
                scope.about("Whose events; those of the whole application by default."),
            ),
            optional("include_junk", flag().default_is(false)),
        ]))
        .one(revealed())
}

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
