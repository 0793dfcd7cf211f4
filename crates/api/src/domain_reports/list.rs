//! `GET /v3/admin/domains/{domain_id}/reports`

use posthouse_mailroom::reports::REPORT_KINDS;
use serde_json::Value;

use super::render::{DOMAIN_REPORT, render};
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new(
        "listDomainReports",
        "List what receivers reported about a domain",
    )
    .about("Newest first: aggregate reports that came to the addresses which its records name.")
    .query(Parameter::paging(PageSize::COMMON))
    .query([Parameter::choice("type", &REPORT_KINDS, "What they are about.").required()])
    .page(DOMAIN_REPORT.reference())
}

/// Answers a page of aggregate reports about a domain, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let kind = call.query.choice("type", &REPORT_KINDS)?;
    let kind = kind.ok_or_else(|| ApiError::invalid("type", "expected dmarc or tls"))?;
    let page = call
        .mailroom
        .list_domain_reports(
            call.parameter("domain_id"),
            kind,
            paging.limit,
            paging.page_token.as_deref(),
        )
        .await?;
    let rows: Vec<Value> = page.rows.into_iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
