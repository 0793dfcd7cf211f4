//! `GET /healthz`: the process answers.

use crate::call::Call;
use crate::routes::Answer;

/// Answers 200 as long as the process can answer at all.
pub async fn healthz(call: Call) -> Answer {
    Ok(call.object(&serde_json::json!({ "status": "ok" })))
}
