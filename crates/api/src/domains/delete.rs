//! `DELETE /v3/admin/domains/{domain_id}`

use crate::call::Call;
use crate::routes::Answer;

/// Removes a domain that no account uses.
pub async fn delete(call: Call) -> Answer {
    call.mailroom
        .delete_domain(call.parameter("domain_id"))
        .await?;
    Ok(call.deleted())
}
