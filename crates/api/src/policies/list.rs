//! `GET /v3/policies`

use serde_json::Value;

use super::schema::{POLICY, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listPolicies", "List policies")
        .about("Newest first. An API key of a workspace sees that workspace's policy.")
        .query(Parameter::paging(PageSize::COMMON))
        .page(POLICY.reference())
}

/// Answers a page of policies, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_policies(call.actor()?, paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
