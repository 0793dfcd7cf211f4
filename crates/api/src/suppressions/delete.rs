//! `DELETE /v3/suppressions/{suppression_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new(
        "destroySuppression",
        "Take an address off the suppression list",
    )
    .about("By the id of an entry, or by the address, which takes all of its entries off.")
    .deleted()
}

/// Takes an address off the list.
pub async fn delete(call: Call) -> Answer {
    let name = call.parameter("suppression_id");
    call.mailroom
        .remove_suppression(call.actor()?, name)
        .await?;
    Ok(call.deleted())
}
