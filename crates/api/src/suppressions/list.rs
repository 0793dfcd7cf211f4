//! `GET /v3/suppressions`

use posthouse_mailroom::suppressions::{REASONS, SuppressionFilter};
use serde_json::Value;

use super::schema::{SUPPRESSION, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listSuppressions", "List addresses that nothing is sent to")
        .about("Newest first. An API key of a workspace sees what is for that workspace alone.")
        .query(Parameter::paging(PageSize::COMMON))
        .query([
            Parameter::text("address", "Only this address."),
            Parameter::choice("reason", &REASONS, "Only for this reason."),
            Parameter::text(
                "workspace_id",
                "Only those for mail of this workspace alone.",
            ),
        ])
        .page(SUPPRESSION.reference())
}

/// Answers a page of addresses that nothing is sent to, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let filter = SuppressionFilter {
        address: call.query.text("address").map(str::to_owned),
        reason: call.query.choice("reason", &REASONS)?.map(str::to_owned),
        workspace_id: call.query.text("workspace_id").map(str::to_owned),
    };
    let page = call
        .mailroom
        .list_suppressions(
            call.actor()?,
            filter,
            paging.limit,
            paging.page_token.as_deref(),
        )
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
