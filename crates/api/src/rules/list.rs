//! `GET /v3/rules`

use serde_json::{Value, json};

use super::schema::{RULE, render};
use crate::call::Call;
use crate::openapi::schema::{list as list_of, object, replacement, text};
use crate::openapi::{Operation, Parameter, envelope};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    let cursor = || text().about("The `page_token` of the next page.");
    let data = object([
        ("items", list_of(RULE.reference())),
        replacement("next_cursor", cursor()),
    ]);
    let schema = envelope().and([("data", data), replacement("next_cursor", cursor())]);
    Operation::new("listRules", "List rules")
        .about(
            "Newest first, below `data.items`; the cursor is there twice. An API key of a workspace sees those that the \
             workspace lists.",
        )
        .query(Parameter::paging(PageSize::COMMON))
        .answer(200, "A page; the last one has no `next_cursor`.", schema)
}

/// Answers a page of rules, newest first, in an envelope of its own kind.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let page = call
        .mailroom
        .list_rules(call.actor()?, paging.limit, paging.page_token.as_deref())
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    let mut data = json!({ "items": rows });
    if let Some(next) = &page.next {
        data["next_cursor"] = json!(next);
    }
    Ok(call.object(&data).next_cursor(page.next.as_deref()))
}
