//! Header fields: folded, encoded where they must be, and never with a byte that could end one.

use mail_builder::encoders::Base64Encoder;

use super::Mailbox;

/// Octets of a line, where it can be folded. RFC 5322 2.1.1: should be no more than 78.
const LINE_OCTETS: usize = 76;
/// Octets of a word that stays as it is; longer ones are encoded, because lines are folded at words only.
const PLAIN_WORD_OCTETS_MAX: usize = 200;
/// Octets of text in one encoded word: with its frame it has at most 75, as RFC 2047 2 demands.
const ENCODED_TEXT_OCTETS_MAX: usize = 45;

/// Writes fields one after the other.
#[derive(Debug, Default)]
pub(crate) struct HeaderWriter {
    out: Vec<u8>,
    column: usize,
}

impl HeaderWriter {
    /// Writes a field of free text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.open(name);
        let value = value.trim_matches(' ');
        if is_plain(value) {
            for word in value.split(' ') {
                self.word(word);
            }
        } else {
            self.encoded(value);
        }
        self.close();
    }

    /// Writes a field of mailboxes; nothing when there are none.
    pub(crate) fn mailboxes(&mut self, name: &str, mailboxes: &[Mailbox]) {
        let Some(last) = mailboxes.len().checked_sub(1) else {
            return;
        };
        self.open(name);
        for (place, mailbox) in mailboxes.iter().enumerate() {
            let comma = if place < last { "," } else { "" };
            let address = mailbox.address.as_str();
            if self.phrase(mailbox.name.trim()) {
                self.word(&format!("<{address}>{comma}"));
            } else {
                self.word(&format!("{address}{comma}"));
            }
        }
        self.close();
    }

    /// Writes a field of words that must stay as they are, such as message ids.
    pub(crate) fn words<'a>(&mut self, name: &str, words: impl Iterator<Item = &'a str>) {
        self.open(name);
        for word in words {
            self.word(word);
        }
        self.close();
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    fn open(&mut self, name: &str) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b':');
        self.column = name.len() + 1;
    }

    fn close(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }

    /// Writes a display name; tells whether there was one.
    fn phrase(&mut self, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        if !is_plain(name) || name.len() > PLAIN_WORD_OCTETS_MAX {
            self.encoded(name);
        } else if name.split(' ').all(is_atom) {
            for word in name.split(' ') {
                self.word(word);
            }
        } else {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            self.word(&format!("\"{escaped}\""));
        }
        true
    }

    /// Writes a word behind a blank, on a line of its own when this one is full.
    fn word(&mut self, word: &str) {
        // A line of nothing but blanks would end the header for some readers.
        if !word.is_empty() && self.column > 1 && self.column + 1 + word.len() > LINE_OCTETS {
            self.out.extend_from_slice(b"\r\n");
            self.column = 0;
        }
        self.out.push(b' ');
        self.out.extend_from_slice(word.as_bytes());
        self.column += 1 + word.len();
    }

    /// RFC 2047: text that is no plain ASCII, in encoded words that end between characters.
    fn encoded(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(ENCODED_TEXT_OCTETS_MAX));
            let mut base64 = Vec::new();
            Base64Encoder::new().encode_into(piece.as_bytes(), &mut base64);
            let base64 = String::from_utf8(base64).unwrap_or_default();
            self.word(&format!("=?utf-8?B?{base64}?="));
            rest = behind;
        }
    }
}

/// Tells whether text can stand in a field as it is: printable ASCII in short words that do not look encoded.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && text
            .split(' ')
            .all(|word| word.len() <= PLAIN_WORD_OCTETS_MAX)
        && !text.contains("=?")
}

/// RFC 5322 3.2.3: what needs no quotes.
fn is_atom(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}
