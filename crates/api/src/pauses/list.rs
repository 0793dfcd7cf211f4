//! `GET /v3/admin/pauses`

use serde_json::Value;

use super::render::{PAUSE, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listPauses", "List senders that are paused")
        .about("Newest first. Mail of theirs that was queued before is held until the pause is lifted.")
        .query(Parameter::paging(PageSize::COMMON))
        .page(PAUSE.reference())
}

/// Answers a page of the application's pauses in force, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_pauses(call.actor()?, paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
