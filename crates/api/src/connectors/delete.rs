//! `DELETE /v3/connectors/{provider}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new(
        "destroyConnector",
        "Remove a connector that has no accounts",
    )
    .deleted()
}

/// Removes a connector that has no accounts.
pub async fn delete(call: Call) -> Answer {
    let provider = call.parameter("provider");
    call.mailroom
        .delete_connector(call.actor()?, provider)
        .await?;
    Ok(call.deleted())
}
