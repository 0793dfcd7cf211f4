//! `GET /v3/admin/domains`

use serde_json::Value;

use super::render;
use crate::call::Call;
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Answers a page of the organisation's domains.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::read(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_domains(paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.domains.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
