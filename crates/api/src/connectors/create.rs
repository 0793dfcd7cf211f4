//! `POST /v3/connectors`

use super::schema::{CONNECTOR, members};
use super::{read, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, one_of, required};
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("createConnector", "Add the connector")
        .about("The one that is there is answered like a new one.")
        .body(object(members()).and([required("provider", one_of(&["nylas"]))]))
        .created(CONNECTOR.reference())
}

/// Adds the connector; the one that is there is answered like a new one.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let provider: String = body.required("provider")?;
    let changes = read(&mut body)?;
    let warnings = body.unknown();
    let view = call
        .mailroom
        .create_connector(call.actor()?, &provider, changes)
        .await?;
    Ok(call.created(&render(&view)).warnings(&warnings))
}
