//! `PUT /v3/grants/{grant_id}/drafts/{draft_id}`

use super::read::change;
use super::schema::body;
use super::{DRAFT, answer};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updateDraft", "Change a draft")
        .about(
            "What is not sent stays, `null` clears, and a list replaces the one that was there. A form without files and \
             without `attachments` keeps the files.",
        )
        .select()
        .mail(body())
        .one(DRAFT.reference())
}

/// Changes a draft and answers all of it: what is not sent stays, `attachments` and the files of a form replace all files.
pub async fn update(call: Call) -> Answer {
    let grant = call.grant().await?;
    let (change, warnings) = change(&call.body)?;
    let id = call.parameter("draft_id");
    let draft = call.mailroom.update_draft(&grant, id, change).await?;
    Ok(answer(&call, &draft, &call.select())?.warnings(&warnings))
}
