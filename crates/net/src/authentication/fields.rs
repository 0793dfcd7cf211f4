//! The header section as raw fields, byte for byte: signatures are made over bytes, not over meaning.

use super::limits::FIELDS_MAX;

/// One header field as it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'m> {
    /// The name, without white space around it. Never empty.
    pub name: &'m [u8],
    /// What follows the colon, with its folds and its last line ending.
    pub value: &'m [u8],
    /// All of it: name, colon, value, line ending.
    pub raw: &'m [u8],
}

impl Field<'_> {
    /// Tells whether the field has this name, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// A message taken apart for signing and verifying.
#[derive(Debug, Clone)]
pub struct Fields<'m> {
    /// The fields from the top down, at most [`FIELDS_MAX`].
    pub list: Vec<Field<'m>>,
    /// What follows the empty line; empty when there is none.
    pub body: &'m [u8],
    /// Whether there were more fields than are looked at.
    pub truncated: bool,
}

impl<'m> Fields<'m> {
    /// Takes a message apart. Total: lines that are no fields are passed over and belong to no field.
    pub fn of(message: &'m [u8]) -> Self {
        let mut fields = Self {
            list: Vec::new(),
            body: b"",
            truncated: false,
        };
        let mut at = 0;
        while at < message.len() {
            let end = field_end(message, at);
            let raw = &message[at..end];
            if matches!(raw, b"\r\n" | b"\n") {
                fields.body = &message[end..];
                break;
            }
            at = end;
            let Some(field) = field_of(raw) else {
                continue;
            };
            if fields.list.len() == FIELDS_MAX {
                fields.truncated = true;
                continue;
            }
            fields.list.push(field);
        }
        fields
    }

    /// Returns the fields of one name from the top down.
    pub fn named<'f>(&'f self, name: &'f str) -> impl DoubleEndedIterator<Item = &'f Field<'m>> {
        self.list.iter().filter(move |field| field.is(name))
    }
}

/// Returns where the field that starts at `start` ends: after the first line that the next does not continue.
fn field_end(message: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let Some(offset) = memchr::memchr(b'\n', &message[at..]) else {
            return message.len();
        };
        let line = &message[at..at + offset + 1];
        let next = at + offset + 1;
        let is_separator = at == start && matches!(line, b"\r\n" | b"\n");
        if is_separator || !matches!(message.get(next), Some(b' ' | b'\t')) {
            return next;
        }
        at = next;
    }
}

fn field_of(raw: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', raw)?;
    // RFC 5322 4.5: the obsolete form has white space before the colon.
    let name = raw[..colon].trim_ascii_end();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    Some(Field {
        name,
        value: &raw[colon + 1..],
        raw,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_stay_with_their_field_and_the_body_starts_after_the_empty_line() {
        let fields = Fields::of(b"A: 1\r\nB : 2\r\n\t3\r\nnonsense\r\n\r\nbody\r\n\r\n");
        let names: Vec<&[u8]> = fields.list.iter().map(|field| field.name).collect();
        assert_eq!(names, [b"A", b"B"]);
        assert_eq!(fields.list[1].value, b" 2\r\n\t3\r\n");
        assert_eq!(fields.list[1].raw, b"B : 2\r\n\t3\r\n");
        assert_eq!(fields.body, b"body\r\n\r\n");
    }

    #[test]
    fn anything_can_be_taken_apart() {
        for message in [
            b"" as &[u8],
            b"\r\n",
            b"\n",
            b"A",
            b":",
            b" folded from nothing\r\n",
            b"A: 1",
            b"\r\n\r\nA: 1\r\n",
        ] {
            let fields = Fields::of(message);
            assert!(fields.list.len() <= 1, "{message:?}");
        }
        assert_eq!(Fields::of(b"\r\n\r\nA: 1\r\n").body, b"\r\nA: 1\r\n");
    }

    #[test]
    fn fields_beyond_the_bound_are_not_looked_at() {
        let message = b"X: y\r\n".repeat(FIELDS_MAX + 1);
        let fields = Fields::of(&message);
        assert_eq!(fields.list.len(), FIELDS_MAX);
        assert!(fields.truncated);
    }
}
