//! Message ids: `Message-ID`, `In-Reply-To`, `References` and `Content-ID`.

use memchr::memchr2;

use crate::charset;
use crate::limits::MESSAGE_ID_BYTES_MAX;

/// Appends the ids of a field value with their angle brackets; returns false when `room` did not hold them all.
///
/// Text around the brackets (obsolete phrases, comments) is passed over. Without any bracket, words with an `@` count.
pub(crate) fn push_ids(value: &[u8], ids: &mut Vec<String>, room: usize) -> bool {
    let before = ids.len();
    let mut position = 0;
    while let Some(opening) = memchr::memchr(b'<', &value[position..]) {
        position += opening + 1;
        // An opening bracket before the closing one starts over, so no octet is looked at twice.
        let Some(next) = memchr2(b'<', b'>', &value[position..]) else {
            break;
        };
        if value[position + next] == b'<' {
            position += next;
            continue;
        }
        let inner = &value[position..position + next];
        position += next + 1;
        if let Some(id) = bracketed(inner) {
            if ids.len() >= room {
                return false;
            }
            ids.push(id);
        }
    }
    if ids.len() > before {
        return true;
    }
    for word in value
        .split(u8::is_ascii_whitespace)
        .filter(|word| word.contains(&b'@'))
    {
        if let Some(id) = bracketed(word) {
            if ids.len() >= room {
                return false;
            }
            ids.push(id);
        }
    }
    true
}

/// Returns the first id of a field value, with its angle brackets.
pub(crate) fn first_id(value: &[u8]) -> Option<String> {
    let mut ids = Vec::with_capacity(1);
    push_ids(value, &mut ids, 1);
    ids.pop()
}

/// Returns a Content-ID without angle brackets.
pub(crate) fn content_id(value: &[u8]) -> Option<String> {
    let trimmed = value.trim_ascii();
    let inner = trimmed.strip_prefix(b"<").unwrap_or(trimmed);
    let inner = inner.strip_suffix(b">").unwrap_or(inner);
    let id = bracketed(inner)?;
    Some(id[1..id.len() - 1].to_owned())
}

/// Puts brackets around an id without its blanks, which come from folds; none when it is empty, long or unprintable.
fn bracketed(inner: &[u8]) -> Option<String> {
    let text = charset::undeclared(inner);
    let mut id = String::with_capacity(text.len() + 2);
    id.push('<');
    for character in text.chars() {
        match character {
            c if c.is_ascii_whitespace() => {}
            c if c.is_control() || matches!(c, '<' | '>') => return None,
            c => id.push(c),
        }
    }
    id.push('>');
    (id.len() > 2 && id.len() <= MESSAGE_ID_BYTES_MAX).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(value: &str) -> Vec<String> {
        let mut ids = Vec::new();
        push_ids(value.as_bytes(), &mut ids, 100);
        ids
    }

    #[test]
    fn ids_are_found_between_brackets() {
        assert_eq!(ids(" <a@b> <c@d>\r\n\t<e@f>"), ["<a@b>", "<c@d>", "<e@f>"]);
        assert_eq!(ids("<a@b><c@d>,<e@f>"), ["<a@b>", "<c@d>", "<e@f>"]);
        assert_eq!(ids("Your mail of Monday <a@b> (x)"), ["<a@b>"]);
        assert_eq!(ids("<a\r\n @b>"), ["<a@b>"]);
        assert_eq!(ids("<<a@b>>"), ["<a@b>"]);
    }

    #[test]
    fn ids_without_brackets_get_them() {
        assert_eq!(ids("a@b c@d words"), ["<a@b>", "<c@d>"]);
    }

    #[test]
    fn what_is_no_id_is_dropped() {
        for value in ["", "<>", "< >", "<a", "a>", "<a\0b@c>", "no id here"] {
            assert!(ids(value).is_empty(), "{value:?}");
        }
        let longest = "a".repeat(MESSAGE_ID_BYTES_MAX - 2);
        assert_eq!(ids(&format!("<{longest}>")).len(), 1);
        assert!(ids(&format!("<{longest}a>")).is_empty());
    }

    #[test]
    fn room_is_kept_and_running_out_is_told() {
        let mut some = Vec::new();
        assert!(push_ids(b"<a@b> <c@d>", &mut some, 2));
        assert!(!push_ids(b"<e@f>", &mut some, 2));
        assert_eq!(some.len(), 2);
    }

    #[test]
    fn content_ids_lose_their_brackets() {
        assert_eq!(content_id(b" <logo@x> ").as_deref(), Some("logo@x"));
        assert_eq!(content_id(b"logo").as_deref(), Some("logo"));
        assert_eq!(content_id(b"<>"), None);
    }
}
