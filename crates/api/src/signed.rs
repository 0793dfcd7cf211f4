//! Requests of service accounts: signed instead of carrying an API key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName};

use crate::limits::SIGNATURE_HEADER_BYTES_MAX;
use crate::routes::{Access, Route};

const KID: HeaderName = HeaderName::from_static("x-nylas-kid");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-nylas-timestamp");
const NONCE: HeaderName = HeaderName::from_static("x-nylas-nonce");
const SIGNATURE: HeaderName = HeaderName::from_static("x-nylas-signature");

/// What operators' routes begin with: a service account reaches nothing else.
const ADMIN: &str = "/v3/admin/";

/// The four headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) kid: String,
    pub(crate) timestamp: String,
    pub(crate) nonce: String,
    /// Empty when it was no base64, which no signature is.
    pub(crate) signature: Vec<u8>,
}

/// Returns the signature of a request; `None` where an API key is asked for: on other routes, and without all four
/// headers.
pub(crate) fn signed(route: &Route, headers: &HeaderMap) -> Option<Signed> {
    if route.access != Access::AdminKey || !route.path.starts_with(ADMIN) {
        return None;
    }
    Some(Signed {
        kid: only(headers, &KID)?.to_owned(),
        timestamp: only(headers, &TIMESTAMP)?.to_owned(),
        nonce: only(headers, &NONCE)?.to_owned(),
        signature: BASE64
            .decode(only(headers, &SIGNATURE)?)
            .unwrap_or_default(),
    })
}

/// Returns the value of a header that is there once. One that is there twice means something else to everybody who reads
/// it, and so nothing.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    let is_plain = !value.is_empty() && value.len() <= SIGNATURE_HEADER_BYTES_MAX;
    (is_plain && values.next().is_none()).then_some(value)
}
