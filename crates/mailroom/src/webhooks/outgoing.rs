//! The one form in which notifications leave.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use posthouse_net::http::{GuardedRequest, HeaderMap, HeaderName, HeaderValue, Method};

use super::SigningSecret;
use super::limits::ANSWER_DEADLINE;

const CONTENT_TYPE: HeaderName = HeaderName::from_static("content-type");
const CONTENT_ENCODING: HeaderName = HeaderName::from_static("content-encoding");
const USER_AGENT: HeaderName = HeaderName::from_static("user-agent");
const SIGNATURE: HeaderName = HeaderName::from_static("x-nylas-signature");
const DELIVERY: HeaderName = HeaderName::from_static("x-posthouse-delivery");

/// How webhook calls introduce themselves.
pub(crate) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("Posthouse-Webhooks/", env!("CARGO_PKG_VERSION")));

/// A notification on its way to a destination.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Where it goes.
    pub url: String,
    /// Signs it.
    pub secret: SigningSecret,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Public id of the delivery.
    pub delivery_id: String,
    /// The envelope of this attempt.
    pub body: Bytes,
}

impl Notification {
    /// Returns the call to make. Compressing a large body takes some milliseconds: not for async threads.
    #[must_use]
    pub fn into_request(self) -> GuardedRequest {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, AGENT);
        if let Ok(id) = HeaderValue::from_str(&self.delivery_id) {
            headers.insert(DELIVERY, id);
        }
        let wire = if self.compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            gzip(&self.body)
        } else {
            self.body
        };
        let signature = HeaderValue::from_str(&self.secret.sign(&wire))
            .expect("hexadecimal digits are a header value");
        headers.insert(SIGNATURE, signature);
        GuardedRequest {
            headers,
            body: wire,
            total_deadline: ANSWER_DEADLINE,
            ..GuardedRequest::new(Method::POST, self.url)
        }
    }
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).expect("writing to memory succeeds");
    encoder.finish().expect("writing to memory succeeds").into()
}
