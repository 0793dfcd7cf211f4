//! `PATCH /v3/connectors/{provider}`

use super::schema::{CONNECTOR, members};
use super::{read, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{ignored, object};
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("updateConnector", "Change a connector")
        .body(object(members()).and([ignored("provider")]))
        .one(CONNECTOR.reference())
}

/// Changes a connector's name and settings.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    body.ignore(&["provider"]);
    let changes = read(&mut body)?;
    let warnings = body.unknown();
    let provider = call.parameter("provider");
    let view = call
        .mailroom
        .update_connector(call.actor()?, provider, changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
