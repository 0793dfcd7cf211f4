//! `DELETE /v3/grants/{grant_id}/contacts/{contact_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyContact", "Delete a contact").deleted()
}

/// Deletes a contact.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("contact_id");
    call.mailroom.delete_contact(&grant, id).await?;
    Ok(call.deleted())
}
