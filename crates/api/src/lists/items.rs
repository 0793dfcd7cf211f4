//! `GET /v3/lists/{list_id}/items`

use serde_json::Value;

use super::schema::{LIST_ITEM, render_item};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listListItems", "List what is on a list")
        .about("Newest first.")
        .query(Parameter::paging(PageSize::COMMON))
        .page(LIST_ITEM.reference())
}

/// Answers a page of a list's items, newest first.
pub async fn items(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_items(
            call.actor()?,
            call.parameter("list_id"),
            paging.limit,
            paging.page_token.as_deref(),
        )
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render_item).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
