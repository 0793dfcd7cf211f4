//! `DELETE /v3/admin/domains/{domain_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the removal.
pub fn operation() -> Operation {
    Operation::new("destroyDomain", "Remove a domain that no account uses").deleted()
}

/// Removes a domain that no account uses.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .delete_domain(call.parameter("domain_id"))
        .await?;
    Ok(call.deleted())
}
