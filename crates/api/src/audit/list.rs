//! `GET /v3/admin/audit`

use posthouse_mailroom::audit::AuditFilter;
use serde_json::Value;

use super::render::{AUDIT_ENTRY, render};
use crate::call::Call;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Paging};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listAudit", "List what was decided, by whom and why")
        .about(
            "Newest first. Mail that is refused, blocked, held, thrown out or put into Junk always has an entry; none \
             holds what a message says. `grant_id` also names accounts that are gone.",
        )
        .query(Parameter::paging(PageSize::COMMON))
        .query([
            Parameter::text("actor", "Only of this actor."),
            Parameter::text("action", "Only of this action."),
            Parameter::text("object_id", "Only about this object."),
            Parameter::text("grant_id", "Only about this account."),
            Parameter::time("since", "Not older than this."),
            Parameter::time("before", "Older than this."),
        ])
        .page(AUDIT_ENTRY.reference())
}

/// Answers a page of the application's entries, newest first.
pub async fn list(call: Call) -> Answer {
    let paging = Paging::without_offset(&call.query, PageSize::COMMON)?;
    let text = |name: &str| call.query.text(name).map(str::to_owned);
    let filter = AuditFilter {
        actor: text("actor"),
        action: text("action"),
        object_id: text("object_id"),
        grant_id: text("grant_id"),
        since: call.query.time("since")?,
        before: call.query.time("before")?,
    };
    let page = call
        .mailroom
        .list_audit(
            call.actor()?,
            filter,
            paging.limit,
            paging.page_token.as_deref(),
        )
        .await?;
    let rows: Vec<Value> = page.rows.iter().map(render).collect();
    Ok(call.list(&rows, page.next.as_deref()))
}
