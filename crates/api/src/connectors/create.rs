//! `POST /v3/connectors`

use super::{read, render};
use crate::call::Call;
use crate::routes::Answer;

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
