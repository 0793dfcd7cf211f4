//! `Content-Disposition` of a download: a file name that came with a stranger's message, made safe for a header.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Longest file name that is offered, in characters.
const NAME_CHARACTERS_MAX: usize = 255;

/// RFC 5987 3.2.1: everything but `attr-char` is percent-encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Returns the header for a file name. Always `attachment`, so that no browser shows a stranger's HTML as ours.
pub fn attachment(filename: &str) -> HeaderValue {
    let name = safe_name(filename);
    let text = format!(
        "attachment; filename*=UTF-8''{}",
        utf8_percent_encode(&name, ENCODED)
    );
    HeaderValue::from_str(&text).expect("percent-encoded text is ASCII")
}

/// HTTP-14: no control characters, no path, no invisible characters that turn the visible extension around.
fn safe_name(filename: &str) -> String {
    let visible = filename
        .chars()
        .filter(|character| !character.is_control() && !is_invisible(*character));
    let flat = visible.map(|character| {
        if matches!(character, '/' | '\\') {
            '_'
        } else {
            character
        }
    });
    let name: String = flat.take(NAME_CHARACTERS_MAX).collect();
    let name = name.trim().trim_start_matches('.');
    if name.is_empty() {
        "attachment".to_owned()
    } else {
        name.to_owned()
    }
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str) -> String {
        attachment(name).to_str().unwrap().to_owned()
    }

    #[test]
    fn names_are_encoded_as_utf_8() {
        assert_eq!(
            header("report.pdf"),
            "attachment; filename*=UTF-8''report.pdf"
        );
        assert_eq!(
            header("Büro plan.pdf"),
            "attachment; filename*=UTF-8''B%C3%BCro%20plan.pdf"
        );
        assert_eq!(
            header("a\"b;c'd*e%.txt"),
            "attachment; filename*=UTF-8''a%22b%3Bc%27d%2Ae%25.txt"
        );
    }

    #[test]
    fn http_14_a_file_name_cannot_leave_its_header() {
        assert_eq!(
            header("x.html\r\nSet-Cookie: a=b"),
            "attachment; filename*=UTF-8''x.htmlSet-Cookie%3A%20a%3Db"
        );
        assert_eq!(
            header("../../etc/passwd"),
            "attachment; filename*=UTF-8''_.._etc_passwd"
        );
        assert_eq!(
            header("invoice\u{202E}fdp.exe"),
            "attachment; filename*=UTF-8''invoicefdp.exe"
        );
        assert_eq!(header("\0\n"), "attachment; filename*=UTF-8''attachment");
    }
}
