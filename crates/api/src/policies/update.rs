//! `PUT /v3/policies/{policy_id}`

use serde_json::Value;

use super::schema::{POLICY, body, render, warnings};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updatePolicy", "Change a policy")
        .about(
            "What is not sent stays, at every depth; `null` takes a setting back. It acts on the next message.",
        )
        .body(body(false))
        .one(POLICY.reference())
}

/// Changes a policy.
pub async fn update(call: Call) -> Answer {
    let sent = Value::Object(call.body.object().clone());
    let id = call.parameter("policy_id");
    let kept = call
        .mailroom
        .update_policy(call.actor()?, id, &sent)
        .await?;
    let object = render(&kept.policy);
    Ok(call.object(&object).warnings(&warnings(&kept.unknown)))
}
