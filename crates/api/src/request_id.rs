//! The id of one request: in every body, in `X-Request-Id`, in every log line.

use std::fmt;

/// A fresh UUIDv7 in its canonical text. An id sent by the client is never taken over: ours is what the log has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; RequestId::LENGTH]);

impl RequestId {
    /// Bytes of the text form.
    pub const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

    /// Makes a new id.
    #[must_use]
    pub fn fresh() -> Self {
        let mut text = [0; Self::LENGTH];
        uuid::Uuid::now_v7().hyphenated().encode_lower(&mut text);
        Self(text)
    }

    /// Returns the canonical text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a hyphenated UUID is ASCII")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
