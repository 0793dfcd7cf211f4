//! The bytes of a blob that lives in the database: one frame, or two when a long text stands in the message as it is.
//!
//! Such a text is also what listings show as the message's body. Kept apart from the rest it is stored once for both,
//! and for all recipients (ADR 0006).

use bytes::Bytes;
use memchr::memmem;

use super::codec::{compress, decompress};
use crate::StoreError;
use crate::limits::{
    BLOB_INLINE_BYTES_MAX, BLOB_INLINE_RAW_BYTES_MAX, TEXT_APART_BYTES_MAX, TEXT_APART_BYTES_MIN,
};

/// Bytes of a text that are searched for; the rest is then compared.
const NEEDLE_BYTES: usize = 64;

/// Places in a message that are compared with its text at most.
const PLACES_MAX: usize = 8;

/// A blob's bytes as its row has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineBlob {
    /// The message, or what is left of it without its text, compressed.
    pub frame: Bytes,
    /// The text that stands in the message as it is.
    pub text: Option<TextApart>,
}

/// A text that was taken out of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextApart {
    /// The text, compressed.
    pub frame: Bytes,
    /// Bytes of the message before it.
    pub at: i64,
}

impl InlineBlob {
    /// Compresses a message whole.
    pub(super) fn whole(raw: &[u8]) -> Result<Self, StoreError> {
        Ok(Self {
            frame: compress(raw)?.into(),
            text: None,
        })
    }

    /// Compresses a message and a long text in it apart from each other; `None` when the text is not in it as it is, is
    /// not long, or the result would not fit into a row.
    pub(super) fn apart(raw: &[u8], text: &str) -> Result<Option<Self>, StoreError> {
        let fits = (TEXT_APART_BYTES_MIN..=TEXT_APART_BYTES_MAX).contains(&text.len())
            && raw.len() as i64 <= BLOB_INLINE_RAW_BYTES_MAX;
        if !fits {
            return Ok(None);
        }
        let Some(at) = place_of(raw, text.as_bytes()) else {
            return Ok(None);
        };
        let rest = [&raw[..at], &raw[at + text.len()..]].concat();
        let blob = Self {
            frame: compress(&rest)?.into(),
            text: Some(TextApart {
                frame: compress(text.as_bytes())?.into(),
                at: at as i64,
            }),
        };
        Ok((blob.len() <= BLOB_INLINE_BYTES_MAX).then_some(blob))
    }

    /// Returns how many bytes it takes up.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a frame has a header: there is no empty one"
    )]
    pub fn len(&self) -> usize {
        self.frame.len() + self.text.as_ref().map_or(0, |text| text.frame.len())
    }

    /// Returns the message, byte for byte.
    ///
    /// # Errors
    /// [`StoreError::Fault`] when the row is damaged.
    pub fn raw(&self) -> Result<Vec<u8>, StoreError> {
        let mut raw = decompress(&self.frame)?;
        if let Some(text) = &self.text {
            let at = usize::try_from(text.at)
                .ok()
                .filter(|at| *at <= raw.len())
                .ok_or_else(|| StoreError::Fault("a text is apart from nothing".to_owned()))?;
            raw.splice(at..at, decompress(&text.frame)?);
        }
        Ok(raw)
    }
}

/// Finds where a text stands in a message, if it does.
fn place_of(raw: &[u8], text: &[u8]) -> Option<usize> {
    let needle = &text[..text.len().min(NEEDLE_BYTES)];
    memmem::find_iter(raw, needle)
        .take(PLACES_MAX)
        .find(|at| raw[*at..].starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> String {
        let mut text: String = (0..length / 4).map(|number| format!("{number} ")).collect();
        text.truncate(length);
        text
    }

    #[test]
    fn a_long_text_is_taken_out_of_the_message_and_put_back_in() {
        let text = text(50_000);
        for raw in [
            format!("Subject: x\r\n\r\n{text}"),
            format!("Subject: x\r\n\r\n--b\r\n\r\n{text}\r\n--b--\r\n"),
            text.clone(),
        ] {
            let blob = InlineBlob::apart(raw.as_bytes(), &text).unwrap().unwrap();
            assert_eq!(
                decompress(&blob.text.as_ref().unwrap().frame).unwrap(),
                text.as_bytes()
            );
            assert!(decompress(&blob.frame).unwrap().len() < 100);
            assert_eq!(blob.raw().unwrap(), raw.as_bytes());
        }
    }

    #[test]
    fn the_text_is_found_behind_lines_that_begin_like_it() {
        let text = format!("{}{}", "=".repeat(NEEDLE_BYTES), text(20_000));
        let raw = format!("{}\r\n{}\r\n\r\n{text}", "=".repeat(70), "=".repeat(70));
        let blob = InlineBlob::apart(raw.as_bytes(), &text).unwrap().unwrap();
        assert_eq!(blob.raw().unwrap(), raw.as_bytes());
    }

    #[test]
    fn what_is_short_or_encoded_or_would_not_fit_stays_whole() {
        let long = text(50_000);
        let encoded = long.replace(' ', "=20");
        let mut state = 1_u64;
        let noise: String = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b' ' + (state >> 57) as u8 % 94)
        })
        .take(100_000)
        .collect();
        for (raw, text) in [("hello", "hello"), (&*encoded, &*long), (&*noise, &*noise)] {
            assert_eq!(InlineBlob::apart(raw.as_bytes(), text).unwrap(), None);
        }
    }

    #[test]
    fn a_damaged_place_is_a_fault() {
        let text = text(20_000);
        for at in [-1, i64::MAX, 1_000] {
            let mut blob = InlineBlob::apart(text.as_bytes(), &text).unwrap().unwrap();
            blob.text.as_mut().unwrap().at = at;
            assert!(matches!(blob.raw(), Err(StoreError::Fault(_))));
        }
    }
}
