//! `GET /v3/grants/{grant_id}/drafts/{draft_id}`

use super::{DRAFT, answer};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the getting.
pub fn operation() -> Operation {
    Operation::new("findDraft", "Get a draft")
        .select()
        .one(DRAFT.reference())
}

/// Answers one draft.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("draft_id");
    let draft = call.mailroom.get_draft(&grant, id).await?;
    answer(&call, &draft, &call.select())
}
