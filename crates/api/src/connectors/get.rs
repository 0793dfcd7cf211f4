//! `GET /v3/connectors/{provider}`

use super::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers a connector.
pub async fn get(call: Call) -> Answer {
    let provider = call.parameter("provider");
    let view = call.mailroom.get_connector(call.actor()?, provider).await?;
    Ok(call.object(&render(&view)))
}
