//! `DELETE /v3/grants/{grant_id}/drafts/{draft_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the deletion.
pub fn operation() -> Operation {
    Operation::new("destroyDraft", "Delete a draft")
        .about("For good.")
        .deleted()
}

/// Deletes a draft for good.
pub async fn delete(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("draft_id");
    call.mailroom.delete_draft(&grant, id).await?;
    Ok(call.deleted())
}
