//! `POST /v3/admin/domains/{domain_id}/dkim/rotate`

use super::verification::{VERIFICATION, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::object;
use crate::routes::Answer;

/// Describes the change of keys.
pub fn operation() -> Operation {
    Operation::new("rotateDomainKeys", "Make new signing keys")
        .about("They wait beside the old ones, which sign until the new ones are found in DNS.")
        .body(object([]))
        .one(VERIFICATION.reference())
}

/// Makes new keys and answers what to publish.
pub async fn rotate(call: Call) -> Answer {
    let domain = call.parameter("domain_id");
    let warnings = call.body.fields().unknown();
    let verification = call.mailroom.rotate_domain_keys(domain).await?;
    Ok(call.object(&render(&verification)).warnings(&warnings))
}
