//! `GET /v3/grants`

use posthouse_mailroom::provision::{AccountQuery, AccountStatus};
use serde_json::Value;

use super::render;
use crate::call::Call;
use crate::error::ApiError;
use crate::query::{PageSize, Query};
use crate::routes::Answer;

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
