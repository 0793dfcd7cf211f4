//! `GET /v3/admin/domains`

use serde_json::Value;

use super::{DOMAIN, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listDomains", "List the registered domains")
        .query(Parameter::paging(PageSize::COMMON))
        .page(DOMAIN.reference())
}

/// Answers a page of the organisation's domains.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_domains(paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.domains.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
