//! `GET /v3/admin/domains/{domain_id}`

use super::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers a domain, by id or address.
pub async fn get(call: Call) -> Answer {
    let view = call
        .mailroom
        .get_domain(call.parameter("domain_id"))
        .await?;
    Ok(call.object(&render(&view)))
}
