//! `GET /v3/grants/{grant_id}/messages`

use posthouse_mailroom::read::{MessagePage, PageRequest};
use serde_json::Value;

use super::fields::MessageFields;
use super::filters;
use super::schema::{self, MESSAGE, RAW_MESSAGE};
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::schema::either;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging, Select};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listMessages", "List messages")
        .about("Newest first, or best match first when something is searched for.")
        .query(Parameter::paging(PageSize::COMMON))
        .query([Parameter::offset(), schema::fields()])
        .query(schema::filters())
        .query(schema::listing_filters())
        .query(schema::message_filters())
        .select()
        .page(either([MESSAGE.reference(), RAW_MESSAGE.reference()]))
}

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
    Ok(call.list(&reduced(&page, &select)?, page.next_cursor.as_deref()))
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
