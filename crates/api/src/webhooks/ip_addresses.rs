//! `GET /v3/webhooks/ip-addresses`

use serde_json::json;

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{list, object, text, time};
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new(
        "listWebhookIpAddresses",
        "List the addresses that notifications come from",
    )
    .one(object([
        ("ip_addresses", list(text())),
        ("updated_at", time()),
    ]))
}

/// Answers the addresses that notifications come from, for receivers' firewalls.
pub async fn ip_addresses(call: Call) -> Answer {
    let outbound = call.mailroom.outbound_addresses();
    Ok(call.object(&json!({
        "ip_addresses": outbound.addresses,
        "updated_at": outbound.updated_at,
    })))
}
