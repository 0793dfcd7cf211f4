//! `GET /v3/grants/{grant_id}/aliases`

use serde_json::Value;

use super::{ALIAS, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listAliases", "List the further addresses of an account")
        .about("All of them, oldest first.")
        .page(ALIAS.reference())
}

/// Answers all further addresses of an account.
pub async fn list(call: Call) -> Answer {
    let aliases = call.mailroom.list_aliases(&call.grant().await?).await?;
    let rows: Vec<Value> = aliases.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
