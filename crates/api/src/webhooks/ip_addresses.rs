//! `GET /v3/webhooks/ip-addresses`

use serde_json::json;

use crate::call::Call;
use crate::routes::Answer;

/// Answers the addresses that notifications come from, for receivers' firewalls.
pub async fn ip_addresses(call: Call) -> Answer {
    let outbound = call.mailroom.outbound_addresses();
    Ok(call.object(&json!({
        "ip_addresses": outbound.addresses,
        "updated_at": outbound.updated_at,
    })))
}
