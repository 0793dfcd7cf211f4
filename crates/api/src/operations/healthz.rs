//! `GET /healthz`: the process answers.

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{constant, object};
use crate::routes::Answer;

/// Describes the check.
pub fn operation() -> Operation {
    Operation::new("checkHealth", "Check that the process answers")
        .one(object([("status", constant("ok"))]))
}

/// Answers 200 as long as the process can answer at all.
pub async fn healthz(call: Call) -> Answer {
    Ok(call.object(&serde_json::json!({ "status": "ok" })))
}
