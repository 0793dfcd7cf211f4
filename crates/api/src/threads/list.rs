//! `GET /v3/grants/{grant_id}/threads`

use posthouse_mailroom::read::PageRequest;

use super::THREAD;
use super::{filters, reduce};
use crate::call::Call;
use crate::error::ApiError;
use crate::messages::schema as messages;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listThreads", "List threads")
        .about("The one with the newest message first. Filters find the threads that have such a message.")
        .query(Parameter::paging(PageSize::THREADS))
        .query([Parameter::offset()])
        .query(messages::filters())
        .query(messages::listing_filters())
        .query(messages::message_filters().map(Parameter::without_effect))
        .query([
            Parameter::time("latest_message_after", "Only with a newer message than this."),
            Parameter::time("latest_message_before", "Only without a newer message than this."),
            Parameter::time("earliest_message_date", "Only with no message before this."),
        ])
        .select()
        .page(THREAD.reference())
}

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
