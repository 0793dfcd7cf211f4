//! `POST /v3/admin/domains/{domain_id}/info`

use super::verification::{VERIFICATION, body, read, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("getDomainInfo", "Get the records to publish")
        .body(body())
        .one(VERIFICATION.reference())
}

/// Answers what to publish for one type of record.
pub async fn info(call: Call) -> Answer {
    let (attempt, warnings) = read(&call)?;
    let domain = call.parameter("domain_id");
    let verification = call
        .mailroom
        .domain_info(domain, &attempt.kind, attempt.key_length)
        .await?;
    Ok(call.object(&render(&verification)).warnings(&warnings))
}
