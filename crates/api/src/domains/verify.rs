//! `POST /v3/admin/domains/{domain_id}/verify`

use super::verification::{VERIFICATION, body, read, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the check.
pub fn operation() -> Operation {
    Operation::new("verifyDomain", "Look for a record in DNS")
        .about("Past every cache, within ten seconds. That the record is not there is no failure of the call.")
        .body(body())
        .fails([429])
        .one(VERIFICATION.reference())
}

/// Looks for one type of record now, and keeps the outcome.
pub async fn verify(call: Call) -> Answer {
    let (attempt, warnings) = read(&call)?;
    let domain = call.parameter("domain_id");
    let verification = call
        .mailroom
        .verify_domain(domain, &attempt.kind, attempt.key_length)
        .await?;
    Ok(call.object(&render(&verification)).warnings(&warnings))
}
