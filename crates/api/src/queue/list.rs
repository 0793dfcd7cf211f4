//! `GET /v3/admin/queue`

use posthouse_mailroom::send::QueueFilter;
use serde_json::Value;

use super::render::render;
use crate::call::Call;
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Answers a page of the application's outgoing mail that is not finished, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::read(&call.query, PageSize::COMMON)?;
    let text = |name| call.query.text(name).map(str::to_owned);
    let filter = QueueFilter {
        state: text("state"),
        domain: text("domain"),
        grant_id: text("grant_id"),
        message_id: text("message_id"),
    };
    let page = call
        .mailroom
        .list_queue(
            call.actor()?,
            filter,
            paging.limit,
            paging.page_token.as_deref(),
        )
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
