//! Request bodies: reading within bounds, inflating, parsing, and typed access to their fields.

mod fields;
mod json;
mod multipart;
mod path;
mod read;
mod room;

pub use fields::{Change, FieldValue, Fields};
pub use multipart::Part;
pub use path::FieldPath;
pub(crate) use read::{discard, read};
pub(crate) use room::{BodyRoom, LeavingShare};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::limits::BODY_INLINE_BYTES_MAX;
use crate::openapi::Described;

/// Tells whether a body is announced as a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    multipart::boundary(headers).is_some()
}

/// What a route does with the body of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// The body is thrown away unread.
    Ignored,
    /// A JSON object of at most `bytes_max` bytes; an empty body equals `{}`.
    Json {
        /// The bound, counted after inflating.
        bytes_max: usize,
    },
    /// A message: a JSON object with attachments in it, or `multipart/form-data`.
    Mail,
}

/// The body of one request, already read and parsed.
#[derive(Debug, Default)]
pub struct JsonBody {
    raw: Bytes,
    object: Map<String, Value>,
    form: Option<Vec<Part>>,
    described: Described,
}

/// Names of the part of a form that holds the JSON.
const JSON_PARTS: [&str; 2] = ["message", "draft"];

impl JsonBody {
    /// Parses what was read; a large message away from the async threads.
    pub(crate) async fn of(
        rule: BodyRule,
        headers: &HeaderMap,
        raw: Bytes,
    ) -> Result<Self, ApiError> {
        if rule != BodyRule::Mail || raw.is_empty() {
            return Self::parse(raw);
        }
        let (boundary, length) = (multipart::boundary(headers), raw.len());
        let parse = move || match boundary {
            Some(boundary) => Self::of_form(multipart::parse(&raw, &boundary)?),
            None => Self::parse(raw),
        };
        if length <= BODY_INLINE_BYTES_MAX {
            return parse();
        }
        let parsed = tokio::task::spawn_blocking(parse).await;
        parsed.unwrap_or_else(|_| Err(ApiError::internal("parsing a body panicked")))
    }

    pub(crate) fn parse(raw: Bytes) -> Result<Self, ApiError> {
        let object = if raw.is_empty() {
            Map::new()
        } else {
            json::parse_object(&raw)?
        };
        Ok(Self {
            raw,
            object,
            form: None,
            described: Described::default(),
        })
    }

    fn of_form(mut parts: Vec<Part>) -> Result<Self, ApiError> {
        let is_json = |part: &Part| JSON_PARTS.contains(&part.name.as_str());
        let mut raw = Bytes::new();
        if let Some(place) = parts.iter().position(is_json) {
            raw = parts.remove(place).content;
            if parts.iter().any(is_json) {
                return Err(ApiError::bad_request("the form has two messages"));
            }
        }
        let body = Self::parse(raw)?;
        Ok(Self {
            form: Some(parts),
            ..body
        })
    }

    /// Holds whoever reads the fields to what a route's description names.
    pub(crate) fn described(self, described: Described) -> Self {
        Self { described, ..self }
    }

    /// Returns the parts of a form but for the one with the JSON; `None` when the body was no form.
    #[must_use]
    pub fn form(&self) -> Option<&[Part]> {
        self.form.as_deref()
    }

    /// Returns everything that makes two bodies the same: without boundaries, which clients make anew each time.
    pub(crate) fn identity(&self) -> impl Iterator<Item = &[u8]> {
        let parts = self.form.iter().flatten().flat_map(|part| {
            [
                part.name.as_bytes(),
                part.filename.as_bytes(),
                part.content_type.as_bytes(),
                &part.content,
            ]
        });
        std::iter::once(&*self.raw).chain(parts)
    }

    /// Returns the bytes as sent, after inflating: what digests and signatures are computed over.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns the object as parsed.
    #[must_use]
    pub fn object(&self) -> &Map<String, Value> {
        &self.object
    }

    /// Returns a reader of the top-level fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::of_body(&self.object).described(self.described.clone())
    }
}
