//! What a handler answers with, and the envelopes around its data.
//!
//! A JSON answer is one growing buffer from the first byte to the socket: the envelope is opened with the request id,
//! fields are appended, and the last brace is added when the answer leaves. Rows that the mailroom hands over as finished
//! JSON ([`Reply::finished_rows`]) stay in the buffer they came in and follow the envelope to the socket uncopied.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};
use serde::Serialize;

use crate::body::LeavingShare;
use crate::idempotency::is_final;
use crate::request_id::RequestId;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const IDEMPOTENT_RESPONSE: HeaderName = HeaderName::from_static("idempotent-response");
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How every envelope begins; the request id follows.
const ENVELOPE_START: &str = "{\"request_id\":\"";
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer on its way out.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A JSON object without its closing brace.
    OpenJson(Vec<u8>),
    /// A JSON object in two pieces.
    Pieces { head: Vec<u8>, tail: Vec<u8> },
    /// Anything else, sent as it is and never compressed when `opaque`.
    Bytes { bytes: Bytes, opaque: bool },
}

/// The parts of a finished answer.
pub(crate) struct Finished {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: ReplyBody,
    pub compressible: bool,
}

/// The body of a response: one or two pieces that are in memory.
#[derive(Debug, Default)]
pub struct ReplyBody {
    head: Bytes,
    tail: Bytes,
}

impl ReplyBody {
    /// Makes the bytes hold a share of the memory for answers, wherever they wait to be written.
    pub(crate) fn counted(self, share: &LeavingShare) -> Self {
        Self {
            head: share.bind(self.head),
            tail: share.bind(self.tail),
        }
    }

    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            head: bytes,
            tail: Bytes::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Returns all bytes in one piece; copies only if there are two.
    pub(crate) fn contiguous(&self) -> Bytes {
        if self.tail.is_empty() {
            return self.head.clone();
        }
        [self.head.as_ref(), self.tail.as_ref()].concat().into()
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let tail = std::mem::take(&mut self.tail);
        let next = std::mem::replace(&mut self.head, tail);
        Poll::Ready(Some(Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.head.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

impl Reply {
    /// Opens a JSON envelope that holds the request id and nothing else: the answer to a deletion.
    pub fn envelope(status: StatusCode, request_id: RequestId) -> Self {
        Self::envelope_with_room(status, request_id, 256)
    }

    /// Opens an envelope whose buffer has room for `bytes` more.
    pub fn envelope_with_room(status: StatusCode, request_id: RequestId, bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(bytes + 64);
        buffer.extend_from_slice(ENVELOPE_START.as_bytes());
        buffer.extend_from_slice(request_id.as_str().as_bytes());
        buffer.push(b'"');
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CONTENT_TYPE, JSON);
        Self {
            status,
            headers,
            content: Content::OpenJson(buffer),
        }
    }

    /// Makes a list of rows that are JSON already, with commas between them.
    pub fn finished_rows(
        request_id: RequestId,
        next_cursor: Option<&str>,
        mut rows: Vec<u8>,
    ) -> Self {
        let mut reply = Self::envelope(StatusCode::OK, request_id).next_cursor(next_cursor);
        if let Content::OpenJson(mut head) = reply.content {
            head.extend_from_slice(b",\"data\":[");
            rows.extend_from_slice(b"]}");
            reply.content = Content::Pieces { head, tail: rows };
        }
        reply
    }

    /// Repeats an answer that was kept under an idempotency key: the same status and body, so also the request id that
    /// is in that body.
    pub fn replayed(status: StatusCode, mut body: String) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(IDEMPOTENT_RESPONSE, HeaderValue::from_static("true"));
        let id = body.get(ENVELOPE_START.len()..ENVELOPE_START.len() + RequestId::LENGTH);
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(X_REQUEST_ID, id);
        }
        body.pop();
        Self {
            status,
            headers,
            content: Content::OpenJson(body.into_bytes()),
        }
    }

    /// Marks an answer as one to a request that was answered, or done, before.
    #[must_use]
    pub fn marked_replayed(self) -> Self {
        self.header(IDEMPOTENT_RESPONSE, HeaderValue::from_static("true"))
    }

    /// Returns status and body as they can be kept for [`Reply::replayed`]; `None` for what is not kept: answers that
    /// are no envelope, 429 and everything from 500.
    pub fn kept_form(&self) -> Option<(StatusCode, String)> {
        let Content::OpenJson(buffer) = &self.content else {
            return None;
        };
        if !is_final(self.status) || !buffer.starts_with(ENVELOPE_START.as_bytes()) {
            return None;
        }
        let mut body = String::from_utf8(buffer.clone()).ok()?;
        body.push('}');
        Some((self.status, body))
    }

    /// Makes an answer of some other JSON object, without an envelope (OAuth errors).
    pub fn bare_json(
        status: StatusCode,
        document: &serde_json::Map<String, serde_json::Value>,
    ) -> Self {
        let mut buffer = serde_json::to_vec(document).expect("a JSON map serialises");
        buffer.pop();
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CONTENT_TYPE, JSON);
        Self {
            status,
            headers,
            content: Content::OpenJson(buffer),
        }
    }

    /// Makes an answer of finished text: plain text, unless its content type is changed.
    pub fn text(text: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::CONTENT_TYPE, TEXT);
        Self {
            status: StatusCode::OK,
            headers,
            content: Content::Bytes {
                bytes: text.into(),
                opaque: false,
            },
        }
    }

    /// Makes a download: raw bytes that are never compressed. The caller sets the content type.
    pub fn download(status: StatusCode, bytes: Bytes) -> Self {
        Self {
            status,
            headers: HeaderMap::with_capacity(8),
            content: Content::Bytes {
                bytes,
                opaque: true,
            },
        }
    }

    /// Appends a top-level field to the envelope.
    #[must_use]
    pub fn field(self, name: &'static str, value: &impl Serialize) -> Self {
        self.raw_field(name, |buffer| {
            serde_json::to_writer(buffer, value).expect("response types have only string keys");
        })
    }

    /// Appends a top-level field whose JSON text `write` appends itself.
    ///
    /// # Panics
    /// On an answer that is not JSON.
    #[must_use]
    pub fn raw_field(mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        match &mut self.content {
            Content::OpenJson(buffer) => {
                buffer.extend_from_slice(b",\"");
                buffer.extend_from_slice(name.as_bytes());
                buffer.extend_from_slice(b"\":");
                write(buffer);
            }
            Content::Pieces { .. } | Content::Bytes { .. } => {
                unreachable!("fields are added to JSON answers only")
            }
        }
        self
    }

    /// Adds `next_cursor`, or nothing at the end of a collection.
    #[must_use]
    pub fn next_cursor(self, cursor: Option<&str>) -> Self {
        match cursor {
            Some(cursor) => self.field("next_cursor", &cursor),
            None => self,
        }
    }

    /// Adds `warnings` unless there are none.
    #[must_use]
    pub fn warnings(self, warnings: &[String]) -> Self {
        if warnings.is_empty() {
            return self;
        }
        self.field("warnings", &warnings)
    }

    /// Changes the status, for the creates that answer 201 and the sends that answer 202.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Sets a header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    pub(crate) fn finish(self) -> Finished {
        let Self {
            status,
            headers,
            content,
        } = self;
        let (body, compressible) = match content {
            Content::OpenJson(mut buffer) => {
                buffer.push(b'}');
                (ReplyBody::whole(buffer.into()), true)
            }
            Content::Pieces { head, tail } => (
                ReplyBody {
                    head: head.into(),
                    tail: tail.into(),
                },
                true,
            ),
            Content::Bytes { bytes, opaque } => (ReplyBody::whole(bytes), !opaque),
        };
        Finished {
            status,
            headers,
            body,
            compressible,
        }
    }

    #[cfg(test)]
    pub(crate) fn into_json_text(self) -> String {
        String::from_utf8(self.finish().body.contiguous().to_vec()).expect("answers are UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(reply: Reply) -> serde_json::Value {
        serde_json::from_str(&reply.into_json_text()).unwrap()
    }

    #[test]
    fn a_deletion_answers_its_request_id_alone() {
        let id = RequestId::fresh();
        let body = parsed(Reply::envelope(StatusCode::OK, id));
        assert_eq!(body, serde_json::json!({ "request_id": id.as_str() }));
    }

    #[test]
    fn the_last_page_has_no_cursor_and_no_warnings() {
        let id = RequestId::fresh();
        let rows: [u8; 0] = [];
        let page = Reply::envelope(StatusCode::OK, id)
            .field("data", &rows)
            .next_cursor(None)
            .warnings(&[]);
        assert_eq!(
            parsed(page),
            serde_json::json!({ "request_id": id.as_str(), "data": [] })
        );
        let page = Reply::envelope(StatusCode::OK, id)
            .field("data", &rows)
            .next_cursor(Some("c"));
        assert_eq!(parsed(page)["next_cursor"], "c");
    }

    #[test]
    fn finished_rows_make_the_same_list_as_rendered_ones() {
        let id = RequestId::fresh();
        let finished = parsed(Reply::finished_rows(
            id,
            Some("c"),
            b"{\"id\":1},{\"id\":2}".to_vec(),
        ));
        let rows = [serde_json::json!({"id": 1}), serde_json::json!({"id": 2})];
        assert_eq!(
            finished,
            parsed(
                Reply::envelope(StatusCode::OK, id)
                    .field("data", &rows)
                    .next_cursor(Some("c"))
            )
        );
        let empty = parsed(Reply::finished_rows(id, None, Vec::new()));
        assert_eq!(
            empty,
            serde_json::json!({ "request_id": id.as_str(), "data": [] })
        );
    }

    #[test]
    fn a_kept_answer_is_replayed_with_its_own_request_id() {
        let id = RequestId::fresh();
        let first = Reply::envelope(StatusCode::CREATED, id).field("data", &1);
        let (status, body) = first.kept_form().unwrap();
        let replay = Reply::replayed(status, body.clone()).finish();
        assert_eq!(
            (replay.status, replay.body.contiguous()),
            (StatusCode::CREATED, Bytes::from(body))
        );
        assert_eq!(replay.headers[X_REQUEST_ID], id.as_str());
        assert_eq!(replay.headers[IDEMPOTENT_RESPONSE], "true");
    }

    #[test]
    fn temporary_refusals_are_not_kept() {
        for status in [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::SERVICE_UNAVAILABLE,
        ] {
            assert!(
                Reply::envelope(status, RequestId::fresh())
                    .kept_form()
                    .is_none()
            );
        }
        assert!(
            Reply::envelope(StatusCode::CONFLICT, RequestId::fresh())
                .kept_form()
                .is_some()
        );
    }
}
