//! Domain names as the DNS compares them.

use crate::limits::{HOST_LABEL_BYTES_MAX, HOST_NAME_BYTES_MAX};

/// Returns the name in lower case, as A-labels, without a trailing dot; `None` for what cannot be a domain name of at
/// least two labels.
///
/// RFC 8616 4 and RFC 9989: U-labels are converted before anything is asked.
pub fn canonical(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let name = if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(name).ok()?
    };
    let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && is_name(&name) && name.contains('.')).then_some(name)
}

/// Tells whether a text can be asked of the DNS: printable ASCII in labels of the right lengths. A blank may be among it,
/// which SPF's macros make.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= HOST_NAME_BYTES_MAX
        && name
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\')
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= HOST_LABEL_BYTES_MAX)
}

/// Tells whether `name` is `parent` or lies below it. Both in lower case.
pub fn is_within(name: &str, parent: &str) -> bool {
    match name.strip_suffix(parent) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_brought_into_one_form() {
        assert_eq!(canonical("Example.ORG.").as_deref(), Some("example.org"));
        assert_eq!(
            canonical("bücher.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        let long = format!("{}.example", "a".repeat(64));
        for refused in [
            "",
            ".",
            "localhost",
            "a..b",
            "a b.example",
            "a\\.b.example",
            &long,
        ] {
            assert_eq!(canonical(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_name_lies_within_itself_and_its_parents_only() {
        assert!(is_within("a.example", "a.example"));
        assert!(is_within("b.a.example", "a.example"));
        assert!(!is_within("ba.example", "a.example"));
        assert!(!is_within("example", "a.example"));
    }
}
