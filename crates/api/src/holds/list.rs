//! `GET /v3/holds` and `GET /v3/grants/{grant_id}/holds`

use posthouse_mailroom::send::{HOLD_STATUSES, HoldFilter};
use serde_json::Value;

use super::schema::{HOLD, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing of an application's holds.
pub fn operation() -> Operation {
    Operation::new("listHolds", "List messages that wait for approval")
        .about("Newest first, without bodies; those that were decided on stay for three days.")
        .query(Parameter::paging(PageSize::COMMON))
        .query([
            status(),
            Parameter::text("grant_id", "Only those of this account."),
        ])
        .page(HOLD.reference())
}

/// Describes the listing of an account's holds.
pub fn operation_of_grant() -> Operation {
    Operation::new(
        "listGrantHolds",
        "List messages of an account that wait for approval",
    )
    .about("Newest first, without bodies; those that were decided on stay for three days.")
    .query(Parameter::paging(PageSize::COMMON))
    .query([status()])
    .page(HOLD.reference())
}

fn status() -> Parameter {
    Parameter::choice("status", &HOLD_STATUSES, "Only those in this state.")
}

/// Answers the holds that the key may see.
pub async fn list(call: Call) -> Answer {
    let grant_id = call.query.text("grant_id").map(str::to_owned);
    answer(&call, grant_id).await
}

/// Answers the holds of an account.
pub async fn of_grant(call: Call) -> Answer {
    let grant = call.grant().await?;
    let grant_id = call.grant_id(&grant);
    answer(&call, Some(grant_id)).await
}

async fn answer(call: &Call, grant_id: Option<String>) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let status = call.query.choice("status", &HOLD_STATUSES)?;
    let filter = HoldFilter {
        status: status.map(str::to_owned),
        grant_id,
    };
    let token = paging.page_token.as_deref();
    let page = call
        .mailroom
        .list_holds(call.actor()?, filter, paging.limit, token)
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
