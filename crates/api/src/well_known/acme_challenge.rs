//! `GET /.well-known/acme-challenge/{token}`: what a certificate authority asks for. RFC 8555 8.3.

use crate::call::Call;
use crate::openapi::Operation;
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new(
        "getAcmeChallenge",
        "Prove a name to a certificate authority",
    )
    .fails([404])
    .bytes(200, "The key authorization.", "text/plain")
}

/// Answers what was put up for this token, by whichever process.
pub async fn answer(call: Call) -> Answer {
    let answer = call
        .mailroom
        .answer_challenge(call.parameter("token"))
        .await?;
    Ok(Reply::text(answer))
}
