//! Header fields that applications may set themselves: any but those that say what a message is and where it goes.

use super::limits::{
    CUSTOM_HEADER_NAME_CHARACTERS_MAX, CUSTOM_HEADER_VALUE_CHARACTERS_MAX, CUSTOM_HEADERS_MAX,
};
use crate::Refusal;

/// Fields that are ours to write, or that tell how a message came.
const RESERVED: [&str; 17] = [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "return-path",
    "received",
    "dkim-signature",
    "delivered-to",
    "authentication-results",
];

/// Beginnings of such fields.
const RESERVED_BEGINNINGS: [&str; 3] = ["content-", "resent-", "arc-"];

/// Checks names and values.
///
/// # Errors
/// [`Refusal::Invalid`] that names the field.
pub(super) fn check(headers: &[(String, String)]) -> Result<(), Refusal> {
    if headers.len() > CUSTOM_HEADERS_MAX {
        let message = format!("custom_headers: at most {CUSTOM_HEADERS_MAX}");
        return Err(Refusal::invalid("custom_headers", message));
    }
    for (place, (name, value)) in headers.iter().enumerate() {
        let wrong = |member: &str, message: String| {
            let field = format!("custom_headers[{place}].{member}");
            let message = format!("{field}: {message}");
            Err(Refusal::invalid(field, message))
        };
        let is_token = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_!#$%&'*+.^`|~".contains(&byte));
        if !is_token || name.len() > CUSTOM_HEADER_NAME_CHARACTERS_MAX {
            let message = format!(
                "expected 1 to {CUSTOM_HEADER_NAME_CHARACTERS_MAX} letters, digits and hyphens"
            );
            return wrong("name", message);
        }
        if is_reserved(name) {
            return wrong("name", format!("{name} cannot be set"));
        }
        if value.chars().any(char::is_control) {
            return wrong(
                "value",
                "line breaks and control characters are not allowed".to_owned(),
            );
        }
        if value.chars().count() > CUSTOM_HEADER_VALUE_CHARACTERS_MAX {
            let message = format!("at most {CUSTOM_HEADER_VALUE_CHARACTERS_MAX} characters");
            return wrong("value", message);
        }
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&name.as_str())
        || RESERVED_BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smtp_08_structure_and_line_breaks_cannot_be_set() {
        for name in [
            "Bcc",
            "content-type",
            "Resent-Bcc",
            "Delivered-To",
            "X:",
            "X A",
            "X\r\nBcc",
            "",
            "Ü",
        ] {
            let headers = [(name.to_owned(), "x".to_owned())];
            assert!(check(&headers).is_err(), "{name}");
        }
        for value in ["a\r\nBcc: x@y.example", "a\0", "a\u{7f}"] {
            assert!(check(&[("X-A".to_owned(), value.to_owned())]).is_err());
        }
        assert!(check(&[("X-Priority".to_owned(), "1 (highest) ü".to_owned())]).is_ok());
        let many = vec![("X-A".to_owned(), String::new()); CUSTOM_HEADERS_MAX + 1];
        assert!(check(&many).is_err());
    }
}
