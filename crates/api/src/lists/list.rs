//! `GET /v3/lists`

use serde_json::Value;

use super::schema::{LIST, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listLists", "List lists")
        .about("Newest first. An API key of a workspace sees those that the workspace's rules look into.")
        .query(Parameter::paging(PageSize::COMMON))
        .page(LIST.reference())
}

/// Answers a page of lists, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_lists(call.actor()?, paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
