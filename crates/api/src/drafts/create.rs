//! `POST /v3/grants/{grant_id}/drafts`

use posthouse_mailroom::actor::GrantRef;

use super::read::change;
use super::schema::body;
use super::{DRAFT, answer};
use crate::call::Call;
use crate::idempotency::idempotent;
use crate::openapi::Operation;
use crate::query::{Query, Select};
use crate::routes::Answer;

/// Describes the making.
pub fn operation() -> Operation {
    Operation::new("createDraft", "Make a draft")
        .about(
            "Of whatever is there. A form has the JSON in its part `message`, and files in others.",
        )
        .idempotent()
        .mail(body())
        .fails([404])
        .one(DRAFT.reference())
}

/// Makes a draft of whatever is there: nothing is required. A repeated request with the same key is answered as the
/// first one was.
pub async fn create(call: Call) -> Answer {
    let grant = call.grant().await?;
    idempotent(&call, Some(&grant), work(&call, &grant)).await
}

async fn work(call: &Call, grant: &GrantRef) -> Answer {
    let (new, warnings) = change(&call.body)?;
    let draft = call.mailroom.create_draft(grant, new).await?;
    let everything = Select::read(&Query::default());
    Ok(answer(call, &draft, &everything)?.warnings(&warnings))
}
