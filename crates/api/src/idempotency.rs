//! `Idempotency-Key`: a request that is repeated is answered as it was the first time.
//!
//! This file knows the HTTP side: the header, what makes two requests the same, which answers are kept
//! ([`Reply::kept_form`]) and how they are repeated ([`Reply::replayed`]). The mailroom keeps them.

use http::{HeaderMap, HeaderName, StatusCode};
use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::idempotency::{KeptAnswer, Made, Repeatable};
use sha2::{Digest, Sha256};

use crate::call::Call;
use crate::error::ApiError;
use crate::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX;
use crate::messages::send::answer::sent_again;
use crate::reply::Reply;
use crate::routes::Answer;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Does the work of a call, or repeats the answer it had before. Keys are scoped to the account, or to the application on
/// routes without one. A call that has a key is worked on to its end, whether its client waits for it or not.
pub async fn idempotent(
    call: &Call,
    grant: Option<&GrantRef>,
    work: impl Future<Output = Answer>,
) -> Answer {
    let Some(key) = key(&call.headers)? else {
        return work.await;
    };
    let beginning = call
        .mailroom
        .begin_repeatable(call.actor()?, grant, &key, fingerprint(call))
        .await?;
    let running = match beginning {
        Repeatable::Answered(kept) => return repeat(kept),
        Repeatable::Done(made) => return Box::pin(tell_again(call, grant, made)).await,
        Repeatable::First(running) => running,
    };
    let answer = match work.await {
        Ok(reply) => Ok(reply),
        Err(error) if is_final(error.status()) => Ok(error.into_reply(call.request_id)),
        Err(error) => Err(error),
    };
    match answer.as_ref().ok().and_then(Reply::kept_form) {
        Some((status, body)) => {
            running
                .finish(&KeptAnswer {
                    status: status.as_u16(),
                    body,
                })
                .await
        }
        None => running.release().await,
    }
    answer
}

/// Answers for a request whose work is done and whose answer died with its process. What cannot be shown again keeps the
/// key taken until it expires: better unanswered than done twice.
async fn tell_again(call: &Call, grant: Option<&GrantRef>, made: Made) -> Answer {
    let (Some(grant), Made::Message(id)) = (grant, made) else {
        return Err(Refusal::IdempotencyRunning.into());
    };
    match sent_again(call, grant, &id).await {
        Err(Refusal::NotFound) => Err(Refusal::IdempotencyRunning.into()),
        Err(refusal) => Err(refusal.into()),
        Ok(reply) => Ok(reply.marked_replayed()),
    }
}

fn repeat(kept: KeptAnswer) -> Answer {
    let status = StatusCode::from_u16(kept.status).map_err(|_| {
        ApiError::internal(format!("an answer was kept with status {}", kept.status))
    })?;
    Ok(Reply::replayed(status, kept.body))
}

/// Tells whether a retry would get the same answer: 429 and everything from 500 may go away.
pub(crate) fn is_final(status: StatusCode) -> bool {
    status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error()
}

/// Tells whether a request may be repeated under a key.
pub(crate) fn has_key(headers: &HeaderMap) -> bool {
    headers.contains_key(IDEMPOTENCY_KEY)
}

/// Reads the header; `None` without one.
fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let text =
        std::str::from_utf8(value.as_bytes()).map_err(|_| ApiError::invalid_idempotency_key())?;
    if text.is_empty() || text.chars().count() > IDEMPOTENCY_KEY_CHARACTERS_MAX {
        return Err(ApiError::invalid_idempotency_key());
    }
    Ok(Some(text.to_owned()))
}

/// Returns a digest of what makes two requests the same: method, path, query and the decoded body. Lengths keep the
/// parts apart.
fn fingerprint(call: &Call) -> [u8; 32] {
    let mut hash = Sha256::new();
    let path = call.uri.path().trim_matches('/');
    let query = call.uri.query().unwrap_or_default();
    let request = [
        call.method.as_str().as_bytes(),
        path.as_bytes(),
        query.as_bytes(),
    ];
    for part in request.into_iter().chain(call.body.identity()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(value: &str) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            IDEMPOTENCY_KEY,
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        key(&headers)
    }

    #[test]
    fn keys_have_1_to_256_characters() {
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(read("k").unwrap().as_deref(), Some("k"));
        assert_eq!(
            read(&"ü".repeat(256))
                .unwrap()
                .map(|key| key.chars().count()),
            Some(256)
        );
        for bad in [String::new(), "k".repeat(257)] {
            assert_eq!(
                read(&bad).unwrap_err().kind(),
                "api.invalid_idempotency_key"
            );
        }
    }
}
