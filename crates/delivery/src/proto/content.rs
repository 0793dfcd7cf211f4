//! The message, as bytes: the one writer of everything between DATA and the dot.
//!
//! SMTP-02: the mailroom hands over strict line ends. This makes sure of them once more, because what is wrong here is a
//! second message in the eyes of the other side.

use std::borrow::Cow;

use memchr::memchr2;

/// Returns content in which every line ends with CRLF: as it is where it is so, mended where it is not.
#[must_use]
pub fn strict(content: &[u8]) -> Cow<'_, [u8]> {
    if is_strict(content) {
        return Cow::Borrowed(content);
    }
    let mut mended = Vec::with_capacity(content.len().saturating_add(content.len() / 32));
    let mut rest = content;
    while let Some(end) = memchr2(b'\r', b'\n', rest) {
        let (line, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        mended.extend_from_slice(line);
        mended.extend_from_slice(b"\r\n");
        rest = tail
            .strip_prefix(b"\r\n")
            .or_else(|| tail.get(1..))
            .unwrap_or_default();
    }
    if !rest.is_empty() {
        mended.extend_from_slice(rest);
        mended.extend_from_slice(b"\r\n");
    }
    Cow::Owned(mended)
}

fn is_strict(content: &[u8]) -> bool {
    let mut rest = content;
    while let Some(end) = memchr2(b'\r', b'\n', rest) {
        match rest.get(end..).and_then(|tail| tail.strip_prefix(b"\r\n")) {
            Some(tail) => rest = tail,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Stuffs dots, a piece after the other.
#[derive(Clone, Debug)]
pub struct Stuffer {
    at_line_start: bool,
}

impl Default for Stuffer {
    fn default() -> Self {
        Self {
            at_line_start: true,
        }
    }
}

impl Stuffer {
    /// Appends a piece of strict content, with a dot more before every dot that begins a line.
    // RFC 5321 4.5.2
    pub fn stuff(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.at_line_start && line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(line);
            self.at_line_start = line.last() == Some(&b'\n');
        }
    }
}

/// Ends the data; content ends with CRLF, so the dot stands alone.
pub const END_OF_DATA: &[u8] = b".\r\n";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stuffed(content: &[u8], piece: usize) -> Vec<u8> {
        let (mut stuffer, mut out) = (Stuffer::default(), Vec::new());
        for piece in content.chunks(piece) {
            stuffer.stuff(piece, &mut out);
        }
        out.extend_from_slice(END_OF_DATA);
        out
    }

    /// Reads data as RFC 5321 4.5.2 wants it, line by line; returns the message and the bytes up to its end.
    fn received(wire: &[u8]) -> (Vec<u8>, usize) {
        let (mut message, mut at) = (Vec::new(), 0);
        while let Some(end) = wire[at..].windows(2).position(|two| two == b"\r\n") {
            let line = &wire[at..at + end + 2];
            at += line.len();
            if line == b".\r\n" {
                break;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        (message, at)
    }

    fn tricky() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![4 => Just(b'\r'), 4 => Just(b'\n'), 4 => Just(b'.'), 3 => Just(b'x'), 1 => any::<u8>()];
        proptest::collection::vec(byte, 0..64)
    }

    #[test]
    fn smtp_02_no_way_to_write_the_end_of_data_within_a_message() {
        for body in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r\n.\r",
            "\r.\r\n",
            "\r\n.\n",
            "\r\n.\r\n",
            "\r\r\n.\r\r\n",
        ] {
            let content = format!("a{body}MAIL FROM:<evil@far.example>\r\n");
            let wire = stuffed(&strict(content.as_bytes()), 7);
            let text = String::from_utf8(wire).unwrap();
            assert_eq!(text.matches("\r\n.\r\n").count(), 1, "{body:?}: {text:?}");
            assert!(text.ends_with("\r\n.\r\n"));
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_stuffed_arrives_as_it_was_whatever_the_pieces(content in tricky(), piece in 1_usize..9) {
            let content = strict(&content).into_owned();
            let wire = stuffed(&content, piece);
            let (arrived, used) = received(&wire);
            prop_assert_eq!(used, wire.len());
            prop_assert_eq!(arrived, content);
        }

        #[test]
        fn strict_content_is_left_alone(content in tricky()) {
            let once = strict(&content).into_owned();
            prop_assert!(matches!(strict(&once), Cow::Borrowed(_)));
        }
    }
}
