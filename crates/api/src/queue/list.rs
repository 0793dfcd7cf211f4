//! `GET /v3/admin/queue`

use posthouse_mailroom::send::QueueFilter;
use serde_json::Value;

use super::render::{QUEUED_MAIL, STATES, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listQueue", "List outgoing mail that is not finished")
        .about("Newest first, one entry for each recipient.")
        .query(Parameter::paging(PageSize::COMMON))
        .query([
            Parameter::choice("state", &STATES, "Only mail in this state."),
            Parameter::text("domain", "Only mail for this domain."),
            Parameter::text("grant_id", "Only mail of this account."),
            Parameter::text("message_id", "Only mail of this message."),
        ])
        .fails([404])
        .page(QUEUED_MAIL.reference())
}

/// Answers a page of the application's outgoing mail that is not finished, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let text = |name| call.query.text(name).map(str::to_owned);
    let filter = QueueFilter {
        state: text("state"),
        domain: text("domain"),
        grant_id: text("grant_id"),
        message_id: text("message_id"),
    };
    let page = call
        .mailroom
        .list_queue(
            call.actor()?,
            filter,
            paging.limit,
            paging.page_token.as_deref(),
        )
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
