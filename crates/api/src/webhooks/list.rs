//! `GET /v3/webhooks`

use serde_json::Value;

use super::WEBHOOK;
use super::render;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listWebhooks", "List webhooks")
        .about("All in one page.")
        .page(WEBHOOK.reference())
}

/// Answers all destinations in one page.
pub async fn list(call: Call) -> Answer {
    let destinations = call.mailroom.list_webhooks(call.actor()?).await?;
    let rows: Vec<Value> = destinations.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
