//! `Idempotency-Key`: a request that is repeated is answered as it was the first time.
//!
//! This file knows the HTTP side: the header, what makes two requests the same, which answers are kept
//! ([`Reply::kept_form`]) and how they are repeated ([`Reply::replayed`]). The mailroom keeps them.
//!
//! [`Reply::kept_form`]: crate::reply::Reply::kept_form
//! [`Reply::replayed`]: crate::reply::Reply::replayed

use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

use crate::call::Call;
use crate::error::ApiError;
use crate::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Reads the header; `None` without one.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
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
pub fn fingerprint(call: &Call) -> [u8; 32] {
    let mut hash = Sha256::new();
    let path = call.uri.path().trim_matches('/');
    let query = call.uri.query().unwrap_or_default();
    for part in [
        call.method.as_str().as_bytes(),
        path.as_bytes(),
        query.as_bytes(),
        call.body.raw(),
    ] {
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
