//! What a handler answers with, and the envelopes around its data.
//!
//! A JSON answer is one growing buffer from the first byte to the socket: the envelope is opened with the request id,
//! fields are appended, and the last brace is added when the answer leaves. A listing appends its rows itself through
//! [`Reply::raw_field`], so a page of messages is never held twice.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::request_id::RequestId;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
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
    /// Anything else, sent as it is and never compressed when `opaque`.
    Bytes { bytes: Bytes, opaque: bool },
}

/// The parts of a finished answer.
pub(crate) struct Finished {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub compressible: bool,
}

impl Reply {
    /// Opens a JSON envelope that holds the request id and nothing else: the answer to a deletion.
    pub fn envelope(status: StatusCode, request_id: RequestId) -> Self {
        Self::envelope_with_room(status, request_id, 256)
    }

    /// Opens an envelope whose buffer has room for `bytes` more.
    pub fn envelope_with_room(status: StatusCode, request_id: RequestId, bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(bytes + 64);
        buffer.extend_from_slice(b"{\"request_id\":\"");
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

    /// Makes a plain-text answer, for health checks and metrics.
    pub fn text(text: String) -> Self {
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
            Content::Bytes { .. } => unreachable!("fields are added to JSON answers only"),
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
        match content {
            Content::OpenJson(mut buffer) => {
                buffer.push(b'}');
                Finished {
                    status,
                    headers,
                    body: Bytes::from(buffer),
                    compressible: true,
                }
            }
            Content::Bytes { bytes, opaque } => Finished {
                status,
                headers,
                body: bytes,
                compressible: !opaque,
            },
        }
    }

    #[cfg(test)]
    pub(crate) fn into_json_text(self) -> String {
        String::from_utf8(self.finish().body.to_vec()).expect("answers are UTF-8")
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
}
