//! Reading a request body within its size, its time and its encoding.

use std::io::Read;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

use super::room::{Arrival, BodyRoom, WorkingShare};
use super::{BodyRule, multipart};
use crate::error::ApiError;
use crate::limits::{
    BODY_GRACE, BODY_RATE_BYTES_MIN, DISCARD_BYTES_MAX, DISCARD_DEADLINE, GZIP_INLINE_BYTES_MAX,
    MULTIPART_BODY_BYTES_MAX, SEND_BODY_BYTES_MAX,
};

/// What deflate makes of one byte at most.
const DEFLATE_RATIO_MAX: usize = 1032;

/// Reads the body as the route wants it. The key is checked before, so strangers cannot make us hold bytes.
///
/// The share of memory is kept until the request is answered.
pub(crate) async fn read<B>(
    rule: BodyRule,
    headers: &HeaderMap,
    body: &mut B,
    room: &BodyRoom,
) -> Result<(Bytes, WorkingShare), ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (bytes_max, fits) = match rule {
        BodyRule::Ignored => return Ok((Bytes::new(), None)),
        BodyRule::Json { bytes_max } => (bytes_max, is_json(headers)),
        BodyRule::Mail if multipart::boundary(headers).is_some() => {
            (MULTIPART_BODY_BYTES_MAX, true)
        }
        BodyRule::Mail => (SEND_BODY_BYTES_MAX, is_json(headers)),
    };
    if body.is_end_stream() {
        return Ok((Bytes::new(), None));
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(ApiError::body_too_large(bytes_max));
    }
    let encoding = Encoding::of(headers)?;
    // A wrong content type is no mistake while there is nothing of that type.
    let mut arrival = room.arrival();
    let wire = receive(body, bytes_max, announced, fits, &mut arrival).await?;
    let length = match encoding {
        Encoding::Identity => wire.len(),
        Encoding::Gzip => wire.len().saturating_mul(DEFLATE_RATIO_MAX).min(bytes_max),
    };
    let share = room.turn(length).await?;
    drop(arrival);
    let raw = match encoding {
        Encoding::Identity => wire,
        Encoding::Gzip => inflate(wire, bytes_max).await?,
    };
    Ok((raw, share))
}

async fn receive<B>(
    body: &mut B,
    bytes_max: usize,
    announced: usize,
    is_right_type: bool,
    arrival: &mut Arrival<'_>,
) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let started = Instant::now();
    let mut wire = BytesMut::with_capacity(announced);
    loop {
        let earned = Duration::from_secs(wire.len() as u64 / BODY_RATE_BYTES_MIN);
        let frame = match timeout_at(started + BODY_GRACE + earned, body.frame()).await {
            Err(_) => return Err(ApiError::bad_request("the body arrived too slowly")),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(ApiError::bad_request("the body ended early")),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if !data.is_empty() && !is_right_type {
            return Err(ApiError::unsupported_media_type(
                "expected application/json",
            ));
        }
        if wire.len() + data.len() > bytes_max {
            return Err(ApiError::body_too_large(bytes_max));
        }
        arrival.grow(wire.len() + data.len())?;
        wire.extend_from_slice(&data);
    }
    Ok(wire.freeze())
}

async fn inflate(wire: Bytes, bytes_max: usize) -> Result<Bytes, ApiError> {
    if wire.is_empty() {
        return Ok(wire);
    }
    if wire.len() <= GZIP_INLINE_BYTES_MAX / 8 {
        return inflate_now(&wire, bytes_max);
    }
    let inflated = tokio::task::spawn_blocking(move || inflate_now(&wire, bytes_max)).await;
    inflated.unwrap_or_else(|_| Err(ApiError::internal("inflating a body panicked")))
}

fn inflate_now(wire: &[u8], bytes_max: usize) -> Result<Bytes, ApiError> {
    let mut inflated = Vec::new();
    // One byte more than allowed tells "exactly the limit" from "too much" without unpacking the rest of a bomb.
    let mut decoder = MultiGzDecoder::new(wire).take(bytes_max as u64 + 1);
    if decoder.read_to_end(&mut inflated).is_err() {
        return Err(ApiError::bad_request("the body is not valid gzip"));
    }
    if inflated.len() > bytes_max {
        return Err(ApiError::body_too_large(bytes_max));
    }
    Ok(inflated.into())
}

/// Throws away what is left of a body, so that a client that is still sending can read the refusal. Bounded in bytes
/// and time. Not for clients that wait for `100 Continue`: they have sent nothing, and reading would ask them to.
pub(crate) async fn discard<B>(body: &mut B)
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return;
    }
    let deadline = Instant::now() + DISCARD_DEADLINE;
    let mut discarded = 0;
    while discarded <= DISCARD_BYTES_MAX {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else {
            return;
        };
        discarded += frame.data_ref().map_or(0, Bytes::len);
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

enum Encoding {
    Identity,
    Gzip,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Identity);
        };
        let value = value.to_str().unwrap_or_default().trim();
        if value.eq_ignore_ascii_case("gzip") || value.eq_ignore_ascii_case("x-gzip") {
            return Ok(Self::Gzip);
        }
        if value.is_empty() || value.eq_ignore_ascii_case("identity") {
            return Ok(Self::Identity);
        }
        Err(ApiError::unsupported_media_type(
            "expected Content-Encoding gzip or none",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;
    use std::io::Write;

    const RULE: BodyRule = BodyRule::Json { bytes_max: 1_000 };

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    async fn outcome(headers: HeaderMap, bytes: impl Into<Bytes>) -> Result<Bytes, u16> {
        let mut body = Full::new(bytes.into());
        read(RULE, &headers, &mut body, &BodyRoom::default())
            .await
            .map(|(raw, _)| raw)
            .map_err(|error| error.status().as_u16())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test]
    async fn an_empty_body_needs_no_content_type() {
        assert_eq!(outcome(HeaderMap::new(), "").await.unwrap(), "");
        assert_eq!(
            outcome(headers(&[(header::CONTENT_TYPE, "application/json")]), "")
                .await
                .unwrap(),
            ""
        );
    }

    #[tokio::test]
    async fn other_content_types_are_415() {
        assert_eq!(outcome(HeaderMap::new(), "{}").await, Err(415));
        let form = headers(&[(header::CONTENT_TYPE, "application/x-www-form-urlencoded")]);
        assert_eq!(outcome(form, "{}").await, Err(415));
        let json = headers(&[(header::CONTENT_TYPE, "Application/JSON; charset=utf-8")]);
        assert_eq!(outcome(json, "{}").await.unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_body_is_bounded_at_its_last_byte() {
        let json = headers(&[(header::CONTENT_TYPE, "application/json")]);
        assert_eq!(
            outcome(json.clone(), "x".repeat(1_000))
                .await
                .unwrap()
                .len(),
            1_000
        );
        assert_eq!(outcome(json, "x".repeat(1_001)).await, Err(413));
    }

    #[tokio::test]
    async fn http_08_a_gzip_bomb_is_counted_after_inflating() {
        let zipped = headers(&[
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_ENCODING, "gzip"),
        ]);
        assert_eq!(outcome(zipped.clone(), gzip(b"{}")).await.unwrap(), "{}");
        assert_eq!(
            outcome(zipped.clone(), gzip(&vec![b' '; 1_000]))
                .await
                .unwrap()
                .len(),
            1_000
        );
        assert_eq!(
            outcome(zipped.clone(), gzip(&vec![b' '; 100_000])).await,
            Err(413)
        );
        assert_eq!(outcome(zipped, "no gzip").await, Err(400));
        let brotli = headers(&[
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_ENCODING, "br"),
        ]);
        assert_eq!(outcome(brotli, "{}").await, Err(415));
    }

    #[tokio::test(start_paused = true)]
    async fn http_08_a_slow_body_is_cut_off() {
        let drip = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let frame = Frame::data(Bytes::from_static(b" "));
            Some((Ok::<_, std::io::Error>(frame), ()))
        });
        let json = headers(&[(header::CONTENT_TYPE, "application/json")]);
        let mut body = Box::pin(StreamBody::new(drip));
        let error = read(RULE, &json, &mut body, &BodyRoom::default())
            .await
            .unwrap_err();
        assert_eq!(error.message(), "the body arrived too slowly");
    }
}
