//! `GET /v3/grants`

use posthouse_mailroom::provision::{AccountQuery, AccountStatus};
use serde_json::Value;

use super::GRANT;
use super::render;
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::operation::offset_members;
use crate::openapi::schema::any_count;
use crate::openapi::{Operation, Parameter};
use crate::query::{PageSize, Query};
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    let status = ["valid", "invalid"];
    Operation::new("listGrants", "List accounts")
        .about("Newest first. Pages are full while accounts remain.")
        .query([
            Parameter::limit(PageSize::GRANTS),
            Parameter::of("offset", any_count(), "Accounts to skip."),
            Parameter::choice(
                "sort_by",
                &["created_at", "updated_at"],
                "What they are ordered by.",
            ),
            Parameter::choice(
                "order_by",
                &["asc", "desc"],
                "Whether the newest comes last.",
            ),
            Parameter::time("since", "Only accounts made after this time."),
            Parameter::time("before", "Only accounts made before this time."),
            Parameter::text("email", "Only the account at this address."),
            Parameter::choice("grant_status", &status, "Only accounts in this state."),
            Parameter::choice("status", &status, "The older name of `grant_status`."),
            Parameter::text("provider", "Only accounts of this provider."),
            Parameter::text("workspace_id", "Only accounts of this workspace."),
        ])
        .select()
        .page(GRANT.reference())
        .beside_data(offset_members())
}

/// Answers a page of accounts, newest first. Pages go by offset and are always full while accounts remain: clients take
/// a short page for the last one.
pub async fn list(call: Call) -> Answer {
    let query = read(&call.query)?;
    let page = call.mailroom.list_accounts(call.actor()?, &query).await?;
    let select = call.select();
    let rows: Vec<Value> = page
        .accounts
        .iter()
        .map(|view| select.reduce(render(view)))
        .collect();
    Ok(call.offset_list(&rows, query.limit, query.offset))
}

fn read(query: &Query) -> Result<AccountQuery, ApiError> {
    let PageSize { default, max } = PageSize::GRANTS;
    // `status` is the older name of `grant_status`.
    let choices = ["valid", "invalid"];
    let status = match query.choice("grant_status", &choices)? {
        Some(status) => Some(status),
        None => query.choice("status", &choices)?,
    };
    Ok(AccountQuery {
        limit: number(query, "limit", 1)?.unwrap_or(default).min(max),
        offset: number(query, "offset", 0)?.unwrap_or(0),
        by_update: query.choice("sort_by", &["created_at", "updated_at"])? == Some("updated_at"),
        ascending: query.choice("order_by", &["asc", "desc"])? == Some("asc"),
        since: query.time("since")?,
        before: query.time("before")?,
        email: query.text("email").map(str::to_owned),
        status: status.map(|status| match status {
            "valid" => AccountStatus::Valid,
            _ => AccountStatus::Invalid,
        }),
        provider: query.text("provider").map(str::to_owned),
        workspace_id: query.text("workspace_id").map(str::to_owned),
    })
}

/// Reads digits alone; what does not fit into 32 bits saturates.
fn number(query: &Query, name: &str, least: u32) -> Result<Option<u32>, ApiError> {
    let Some(text) = query.text(name) else {
        return Ok(None);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().unwrap_or(u32::MAX));
    match number.filter(|number| *number >= least) {
        Some(number) => Ok(Some(number)),
        None => Err(ApiError::invalid(
            name,
            format!("expected an integer of at least {least}"),
        )),
    }
}
