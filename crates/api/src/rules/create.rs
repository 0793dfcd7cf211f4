//! `POST /v3/rules`

use serde_json::Value;

use super::schema::{RULE, body, render, warnings};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    Operation::new("createRule", "Create a rule")
        .about("It acts nowhere until a workspace lists it in `rule_ids`.")
        .body(body(true))
        .created(RULE.reference())
}

/// Makes a rule.
pub async fn create(call: Call) -> Answer {
    let warnings = warnings(&mut call.body.fields());
    let sent = Value::Object(call.body.object().clone());
    let view = call.mailroom.create_rule(call.actor()?, &sent).await?;
    Ok(call.created(&render(&view)).warnings(&warnings))
}
