//! `GET /.well-known/mta-sts.txt` of `mta-sts.<domain>`: what other servers are told about handing us the domain's mail.
//! RFC 8461 3.2.

use http::header::HOST;

use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("getMtaStsPolicy", "Get the MTA-STS policy of a domain")
        .about("Asked for at the host `mta-sts.` followed by a registered domain.")
        .fails([404])
        .bytes(200, "The policy.", "text/plain")
}

/// Answers the policy of the domain that the host names.
pub async fn policy(call: Call) -> Answer {
    let policy = match host(&call) {
        Some(host) => call.mailroom.policy_at(host).await?,
        None => None,
    };
    policy.map(Reply::text).ok_or_else(ApiError::not_found)
}

/// The host as HTTP/2 or HTTP/1.1 gives it, without its port.
fn host(call: &Call) -> Option<&str> {
    if let Some(host) = call.uri.host() {
        return Some(host);
    }
    let field = call.headers.get(HOST)?.to_str().ok()?;
    field.split(':').next()
}
