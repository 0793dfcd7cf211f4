//! Request bodies: reading within bounds, inflating, parsing, and typed access to their fields.

mod fields;
mod json;
mod path;
mod read;

pub use fields::{Change, FieldValue, Fields};
pub use path::FieldPath;
pub(crate) use read::{discard, read};

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::error::ApiError;

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
}

/// The body of one request, already read and parsed.
#[derive(Debug, Default)]
pub struct JsonBody {
    raw: Bytes,
    object: Map<String, Value>,
}

impl JsonBody {
    pub(crate) fn parse(raw: Bytes) -> Result<Self, ApiError> {
        let object = if raw.is_empty() {
            Map::new()
        } else {
            json::parse_object(&raw)?
        };
        Ok(Self { raw, object })
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
        Fields::of_body(&self.object)
    }
}
