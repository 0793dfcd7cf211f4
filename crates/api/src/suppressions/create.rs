//! `POST /v3/suppressions`

use posthouse_mailroom::suppressions::NewSuppressions;
use serde_json::Value;

use super::schema::{SUPPRESSION, body, render};
use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{either, list};
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    let several = list(SUPPRESSION.reference());
    Operation::new(
        "createSuppression",
        "Put addresses on the suppression list",
    )
    .about(
        "`address` or `addresses`, all or none of them; several are answered as a list. One that is there gets the new \
         reason and end.",
    )
    .body(body())
    .created(either([SUPPRESSION.reference(), several]))
}

/// Puts addresses on the list.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let one: Option<String> = body.optional("address")?;
    let several: Option<Vec<String>> = body.optional("addresses")?;
    let is_one = several.is_none();
    let new = NewSuppressions {
        addresses: match (one, several) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid(
                    "addresses",
                    "expected either this or address",
                ));
            }
            (Some(one), None) => vec![one],
            (None, several) => several.unwrap_or_default(),
        },
        reason: body.optional("reason")?,
        workspace_id: body.optional("workspace_id")?,
        expires_at: body.optional("expires_at")?,
    };
    let warnings = body.unknown();
    let views = call.mailroom.add_suppressions(call.actor()?, new).await?;
    let mut rows: Vec<Value> = views.iter().map(render).collect();
    let data = match rows.pop() {
        Some(only) if is_one => only,
        last => {
            rows.extend(last);
            Value::Array(rows)
        }
    };
    Ok(call.created(&data).warnings(&warnings))
}
