//! gzip of responses, for clients that accept it.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};

use crate::limits::{GZIP_BYTES_MIN, GZIP_INLINE_BYTES_MAX};
use crate::reply::{Finished, ReplyBody};

/// Returns whether `Accept-Encoding` allows gzip: named, or covered by `*`, and not with a weight of zero.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut by_wildcard = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for offer in value.to_str().unwrap_or_default().split(',') {
            let (coding, weight) = offer.split_once(';').unwrap_or((offer, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(is_zero);
            match coding.trim() {
                coding if coding.eq_ignore_ascii_case("gzip") => return !refused,
                "*" => by_wildcard = !refused,
                _ => {}
            }
        }
    }
    by_wildcard
}

fn is_zero(weight: &str) -> bool {
    weight
        .trim()
        .parse::<f32>()
        .is_ok_and(|weight| weight <= 0.0)
}

/// Compresses an answer if it is worth it; an answer that cannot be compressed is sent as it is.
pub(crate) async fn compress(mut answer: Finished) -> Finished {
    if !answer.compressible || answer.body.len() < GZIP_BYTES_MIN {
        return answer;
    }
    let plain = answer.body.contiguous();
    let packed = if plain.len() <= GZIP_INLINE_BYTES_MAX {
        gzip(&plain)
    } else {
        tokio::task::spawn_blocking(move || gzip(&plain))
            .await
            .ok()
            .flatten()
    };
    if let Some(packed) = packed {
        answer.body = ReplyBody::whole(packed);
        answer
            .headers
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        answer
            .headers
            .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    answer
}

fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(
        Vec::with_capacity(plain.len() / 3 + 64),
        Compression::fast(),
    );
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        accepts_gzip(&headers)
    }

    #[test]
    fn gzip_is_used_only_when_it_is_accepted() {
        assert!(accepts("gzip"));
        assert!(accepts("deflate, GZIP;q=0.5"));
        assert!(accepts("br, *"));
        assert!(!accepts("identity"));
        assert!(!accepts("gzip;q=0, *"));
        assert!(!accepts("*;q=0.0"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
