//! `GET /v3/policies/{policy_id}`

use super::schema::{POLICY, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findPolicy", "Get a policy").one(POLICY.reference())
}

/// Answers a policy.
pub async fn get(call: Call) -> Answer {
    let id = call.parameter("policy_id");
    let view = call.mailroom.get_policy(call.actor()?, id).await?;
    Ok(call.object(&render(&view)))
}
