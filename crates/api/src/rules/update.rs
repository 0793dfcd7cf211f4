//! `PUT /v3/rules/{rule_id}`

use serde_json::Value;

use super::schema::{RULE, body, render, warnings};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updateRule", "Change a rule")
        .about("What is not sent stays; `match` and `actions` are replaced whole. It acts on the next message.")
        .body(body(false))
        .one(RULE.reference())
}

/// Changes a rule.
pub async fn update(call: Call) -> Answer {
    let warnings = warnings(&mut call.body.fields());
    let sent = Value::Object(call.body.object().clone());
    let id = call.parameter("rule_id");
    let view = call.mailroom.update_rule(call.actor()?, id, sent).await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
