//! `GET /v3/rules/{rule_id}`

use super::schema::{RULE, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it.
pub fn operation() -> Operation {
    Operation::new("findRule", "Get a rule").one(RULE.reference())
}

/// Answers a rule.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("rule_id");
    let view = call.mailroom.get_rule(call.actor()?, id).await?;
    Ok(call.object(&render(&view)))
}
