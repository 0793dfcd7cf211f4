//! `GET /v3/admin/domains/{domain_id}`

use super::{DOMAIN, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findDomain", "Get a domain").one(DOMAIN.reference())
}

/// Answers a domain, by id or address.
pub async fn get(call: Call) -> Answer {
    let view = call
        .mailroom
        .get_domain(call.parameter("domain_id"))
        .await?;
    Ok(call.object(&render(&view)))
}
