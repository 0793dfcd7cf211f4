//! `DELETE /v3/grants/{grant_id}/folders/{folder_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyFolder", "Delete a folder")
        .about("For good, with the folders below it and all their messages.")
        .deleted()
}

/// Deletes a folder for good, with those below it and all their messages.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    call.mailroom
        .delete_folder(&grant, call.parameter("folder_id"))
        .await?;
    Ok(call.deleted())
}
