//! `GET /v3/connectors/{provider}`

use super::render;
use super::schema::CONNECTOR;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("findConnector", "Get a connector").one(CONNECTOR.reference())
}

/// Answers a connector.
pub async fn get(call: Call) -> Answer {
    let provider = call.parameter("provider");
    let view = call.mailroom.get_connector(call.actor()?, provider).await?;
    Ok(call.object(&render(&view)))
}
