//! `GET /v3/grants/{grant_id}/messages`

use posthouse_mailroom::read::{MessagePage, PageRequest};
use serde_json::Value;

use super::fields::MessageFields;
use super::filters;
use crate::call::Call;
use crate::error::ApiError;
use crate::query::{PageSize, Paging, Select};
use crate::reply::Reply;
use crate::routes::Answer;

/// Answers a page of messages, newest first.
///
/// This is the path that must be fast: the mailroom hands over finished JSON, which without `select` goes to the
/// socket in the buffer it was written to.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let paging = Paging::read(&call.query, PageSize::COMMON)?;
    let fields = MessageFields::read(&call.query)?;
    let query = filters::read(&call.query)?;
    let request = PageRequest {
        limit: paging.limit as usize,
        cursor: paging.page_token,
        offset: i64::from(paging.offset),
    };
    let page = call
        .mailroom
        .list_messages(&grant, query, request, fields.detail())
        .await?;
    let select = call.select();
    if select.is_everything() {
        return Ok(Reply::finished_rows(
            call.request_id,
            page.next_cursor.as_deref(),
            page.json,
        ));
    }
    Ok(call.list(
        &reduced(&page, &select, fields)?,
        page.next_cursor.as_deref(),
    ))
}

fn reduced(page: &MessagePage, select: &Select) -> Result<Vec<Value>, ApiError> {
    page.objects()
        .map(|object| reduce(object, select))
        .collect()
}

/// Unpacks the JSON of one message to apply `select`.
pub(super) fn reduce(json: &[u8], select: &Select) -> Result<Value, ApiError> {
    let object: Value = serde_json::from_slice(json)
        .map_err(|error| ApiError::internal(format!("a message object is damaged: {error}")))?;
    Ok(select.reduce(object))
}
