//! `GET /metrics`: figures in the Prometheus text format, for loopback, listed networks, or holders of the token.

use crate::call::Call;
use crate::credentials::bearer;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("getMetrics", "Get the server's figures")
        .about("In the Prometheus text format; for loopback, listed networks, and holders of the metrics token.")
        .fails([401])
        .bytes(200, "Figures.", "text/plain")
}

/// Answers the metrics, or 401: they tell how much mail flows, which is not for strangers.
pub async fn metrics(call: Call) -> Answer {
    if !may_read(&call) {
        return Err(ApiError::unauthorized());
    }
    Ok(Reply::text((call.config.metrics)()))
}

/// What proxies add: a request with one of these comes from further away than its peer.
const FORWARDING: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

fn may_read(call: &Call) -> bool {
    let config = &call.config;
    let through_a_proxy = FORWARDING
        .iter()
        .any(|name| call.headers.contains_key(*name));
    if call.peer.is_loopback() && !through_a_proxy
        || config
            .metrics_peers
            .iter()
            .any(|network| network.contains(call.peer))
    {
        return true;
    }
    match (&config.metrics_token, bearer(&call.headers)) {
        (Some(expected), Some(given)) => same_secret(expected.as_bytes(), given.as_bytes()),
        _ => false,
    }
}

/// Compares without stopping at the first difference.
fn same_secret(expected: &[u8], given: &[u8]) -> bool {
    let differences = expected
        .iter()
        .zip(given)
        .fold(0, |sum, (left, right)| sum | (left ^ right));
    expected.len() == given.len() && differences == 0
}
