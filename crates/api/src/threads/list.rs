//! `GET /v3/grants/{grant_id}/threads`

use posthouse_mailroom::read::PageRequest;

use super::{filters, reduce};
use crate::call::Call;
use crate::error::ApiError;
use crate::query::{PageSize, Paging};
use crate::reply::Reply;
use crate::routes::Answer;

/// Answers a page of threads, the one with the newest message first.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let paging = Paging::read(&call.query, PageSize::THREADS)?;
    let query = filters::read(&call.query)?;
    let request = PageRequest {
        limit: paging.limit as usize,
        cursor: paging.page_token,
        offset: i64::from(paging.offset),
    };
    let page = call.mailroom.list_threads(&grant, query, request).await?;
    let select = call.select();
    let cursor = page.next_cursor.as_deref();
    if select.is_everything() {
        return Ok(Reply::finished_rows(call.request_id, cursor, page.json));
    }
    let reduced: Result<Vec<_>, ApiError> = page
        .objects()
        .map(|object| reduce(object, &select))
        .collect();
    Ok(call.list(&reduced?, cursor))
}
