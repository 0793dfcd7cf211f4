//! The message object: the one JSON shape in which a message is shown.

use posthouse_store::StoreError;
use posthouse_store::tables::messages::{Shown, ShownBody, text_of};
use posthouse_types::ids::{IdCodec, Key, Kind};

/// Renders message objects of one account.
pub(crate) struct ObjectWriter<'a> {
    codec: &'a IdCodec,
    grant_id: String,
}

impl<'a> ObjectWriter<'a> {
    /// Makes a writer for the messages of `grant`.
    pub(crate) fn new(codec: &'a IdCodec, grant: Key) -> Self {
        Self {
            codec,
            grant_id: codec.seal(Kind::Grant, grant).to_string(),
        }
    }

    /// Returns the account's public id.
    pub(crate) fn grant_id(&self) -> &str {
        &self.grant_id
    }

    /// Appends a message's object without its closing brace, so that members can follow.
    pub(crate) fn open(&self, out: &mut Vec<u8>, message: &Shown<'_>) -> Result<(), StoreError> {
        let mut integers = Integers::default();
        let id = |kind, key| self.codec.seal(kind, key);
        put(out, "{\"id\":\"");
        put_uuid(out, id(Kind::Message, message.id));
        put(out, "\",\"object\":\"message\",\"grant_id\":\"");
        put(out, &self.grant_id);
        put(out, "\",\"thread_id\":\"");
        put_uuid(out, id(Kind::Thread, message.thread));
        put(out, "\",\"folders\":[\"");
        put_uuid(out, id(Kind::Folder, message.folder));
        put(out, "\"],\"date\":");
        put(out, integers.text(message.date_at));
        put(out, ",\"created_at\":");
        put(out, integers.text(message.created_at));
        put(
            out,
            if message.unread {
                ",\"unread\":true"
            } else {
                ",\"unread\":false"
            },
        );
        put(
            out,
            if message.starred {
                ",\"starred\":true"
            } else {
                ",\"starred\":false"
            },
        );
        put(
            out,
            if message.answered {
                ",\"answered\":true,"
            } else {
                ",\"answered\":false,"
            },
        );
        put(out, message.document);
        put(out, ",\"metadata\":");
        put(out, message.metadata.unwrap_or("{}"));
        put(out, ",\"body\":");
        match message.body {
            ShownBody::Plain(json) => put(out, json),
            ShownBody::JsonFrame(frame) => put(out, &text_of(frame)?),
            ShownBody::Frame(frame) => put_string(out, &text_of(frame)?),
        }
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

fn put_uuid(out: &mut Vec<u8>, id: uuid::Uuid) {
    let mut buffer = uuid::Uuid::encode_buffer();
    put(out, id.hyphenated().encode_lower(&mut buffer));
}

/// Writes integers without a heap allocation each.
#[derive(Default)]
struct Integers {
    digits: [u8; 20],
}

impl Integers {
    fn text(&mut self, value: i64) -> &str {
        let mut rest = value.unsigned_abs();
        let mut start = self.digits.len();
        loop {
            start -= 1;
            self.digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            start -= 1;
            self.digits[start] = b'-';
        }
        std::str::from_utf8(&self.digits[start..]).expect("digits are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_spelled_like_the_standard_library_does() {
        for value in [0, 7, -1, 1_790_000_123, i64::MAX, i64::MIN + 1] {
            assert_eq!(Integers::default().text(value), value.to_string());
        }
    }
}
