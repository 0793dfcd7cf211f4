//! `GET /readyz`: the server can take traffic.

use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{constant, list, object, text};
use crate::routes::Answer;

/// Describes the check.
pub fn operation() -> Operation {
    Operation::new("checkReadiness", "Check that the server can take traffic").one(object([
        ("status", constant("ready")),
        ("notes", list(text())),
    ]))
}

/// Answers 200 with an operator's notes, or 503 naming what does not work.
pub async fn readyz(call: Call) -> Answer {
    let readiness = (call.config.readiness)().await;
    if !readiness.problems.is_empty() {
        return Err(ApiError::unavailable(format!(
            "not ready: {}",
            readiness.problems.join("; ")
        )));
    }
    Ok(call.object(&serde_json::json!({ "status": "ready", "notes": readiness.notes })))
}
