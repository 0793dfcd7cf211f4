//! `GET /v3/admin/search-index`

use super::render::{SEARCH_INDEX, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findSearchIndex", "Get how far the search index is")
        .one(SEARCH_INDEX.reference())
}

/// Answers how far the search index is.
pub async fn get(call: Call) -> Answer {
    let report = call.mailroom.search_index_report(call.actor()?).await?;
    Ok(call.object(&render(&report)))
}
