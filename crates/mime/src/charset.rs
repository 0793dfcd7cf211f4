//! Bytes of any charset to UTF-8 without NUL.
//!
//! The one place that calls the parser crate's decoders. Only a declared charset is believed; UTF-7 and the stateful
//! encodings are never guessed. Without a (known) declaration the bytes are UTF-8 if they can be, else Windows-1252,
//! in which every byte string has a reading.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// What NUL and undecodable bytes turn into.
pub(crate) const REPLACEMENT: char = '\u{FFFD}';

/// Decodes a text body or an encoded word.
pub(crate) fn decode(bytes: &[u8], charset: Option<&[u8]>) -> String {
    let text = match charset.map(<[u8]>::trim_ascii) {
        Some(name) if is_utf8(name) => declared_utf8(bytes).into_owned(),
        Some(name) if !is_ascii(name) => match charset_decoder(name) {
            Some(decoder) => decoder(bytes),
            None => undeclared(bytes).into_owned(),
        },
        _ => undeclared(bytes).into_owned(),
    };
    without_nul(text)
}

/// Tells whether octets that are declared to be in this charset are read as that.
pub(crate) fn is_known(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    is_utf8(name) || is_ascii(name) || charset_decoder(name).is_some()
}

/// Reads bytes that declare no charset, as header fields do. May hold NUL and other controls.
pub(crate) fn undeclared(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => match charset_decoder(b"windows-1252") {
            Some(decoder) => Cow::Owned(decoder(bytes)),
            None => String::from_utf8_lossy(bytes),
        },
    }
}

/// Reads bytes that claim to be UTF-8. The check of the whole comes first: it is many times faster than the repair.
fn declared_utf8(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn is_utf8(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"utf8")
}

fn is_ascii(name: &[u8]) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case(b"us-ascii") || name.eq_ignore_ascii_case(b"ascii")
}

/// Drops a byte order mark and replaces NUL, which databases and C strings end at.
fn without_nul(text: String) -> String {
    let has_nul = memchr::memchr(0, text.as_bytes()).is_some();
    if !has_nul && !text.starts_with('\u{FEFF}') {
        return text;
    }
    text.trim_start_matches('\u{FEFF}')
        .replace('\0', "\u{FFFD}")
}

/// Appends header text: line ends of folds vanish, other white space becomes a space, other controls are replaced,
/// so that nothing below 0x20 can reach a header, a command or a log line again.
pub(crate) fn push_clean(out: &mut String, text: &str) {
    if !text.bytes().any(|byte| byte.is_ascii_control()) {
        out.push_str(text);
        return;
    }
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {}
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\t' => out.push(' '),
            c if c.is_ascii_control() => out.push(REPLACEMENT),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_charsets_are_decoded() {
        let table: [(&str, &[u8], &str); 8] = [
            ("iso-8859-1", b"caf\xe9", "café"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
            ("iso-2022-jp", b"\x1b$B%O%m!<\x1b(B", "ハロー"),
            ("gb18030", b"\xc4\xe3\xba\xc3", "你好"),
            ("utf-7", b"Hi +AOk-", "Hi é"),
            ("utf-16", b"\xfe\xff\x00h\x00i", "hi"),
        ];
        for (charset, bytes, expected) in table {
            assert_eq!(
                decode(bytes, Some(charset.as_bytes())),
                expected,
                "{charset}"
            );
        }
    }

    #[test]
    fn undeclared_bytes_are_utf8_or_windows_1252() {
        assert_eq!(decode("é".as_bytes(), None), "é");
        assert_eq!(decode(b"\xe9 \x80", None), "é €");
        assert_eq!(decode("é".as_bytes(), Some(b"us-ascii")), "é");
        assert_eq!(decode(b"\xe9", Some(b"x-no-such")), "é");
        assert_eq!(decode(b"a\xffb", Some(b"utf-8")), "a\u{FFFD}b");
    }
}
