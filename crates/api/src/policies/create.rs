//! `POST /v3/policies`

use serde_json::Value;

use super::schema::{POLICY, body, render, warnings};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    Operation::new("createPolicy", "Create a policy")
        .about("It governs nobody until a workspace names it in `policy_id`. A limit that is left out is the operator's.")
        .body(body(true))
        .one(POLICY.reference())
}

/// Makes a policy.
pub async fn create(call: Call) -> Answer {
    let sent = Value::Object(call.body.object().clone());
    let kept = call.mailroom.create_policy(call.actor()?, &sent).await?;
    let object = render(&kept.policy);
    Ok(call.object(&object).warnings(&warnings(&kept.unknown)))
}
