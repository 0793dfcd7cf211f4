//! `GET /v3/connectors`

use serde_json::Value;

use super::render;
use super::schema::CONNECTOR;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("listConnectors", "List connectors")
        .about("All in one page.")
        .page(CONNECTOR.reference())
}

/// Answers all connectors in one page.
pub async fn list(call: Call) -> Answer {
    let views = call.mailroom.list_connectors(call.actor()?).await?;
    let rows: Vec<Value> = views.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
