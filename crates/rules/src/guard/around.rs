//! The words around a place of a text: what stands within a tag of HTML is none of them, so that a style of a hundred
//! letters between `Order number` and the number parts them no more than it does for whoever reads the message.

use super::limits::{CONTEXT_BYTES_MAX, CONTEXT_MARKUP_BYTES_MAX};

/// Returns the words before an octet, in lower case, with a blank for each tag.
pub(super) fn before(text: &str, at: usize) -> String {
    let at = text.floor_char_boundary(at.min(text.len()));
    let from = text.ceil_char_boundary(at.saturating_sub(CONTEXT_MARKUP_BYTES_MAX));
    let mut rest = &text[from..at];
    let mut pieces: Vec<&str> = Vec::new();
    let mut room = CONTEXT_BYTES_MAX;
    while room > 0 && !rest.is_empty() {
        if let Some(start) = tag_that_ends(rest) {
            pieces.push(" ");
            rest = &rest[..start];
            room -= 1;
            continue;
        }
        // Up to the tag before; where there is none, all of it.
        let within = rest.strip_suffix('>').unwrap_or(rest);
        let start = within.rfind('>').map_or(0, |end| end + 1);
        let start = start.max(rest.ceil_char_boundary(rest.len().saturating_sub(room)));
        if start == rest.len() {
            break;
        }
        pieces.push(&rest[start..]);
        room -= room.min(rest.len() - start);
        rest = &rest[..start];
    }
    pieces
        .iter()
        .rev()
        .flat_map(|piece| piece.chars())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns the words from an octet on, as [`before`] does.
pub(super) fn behind(text: &str, at: usize) -> String {
    let at = text.ceil_char_boundary(at.min(text.len()));
    let to = text.floor_char_boundary((at + CONTEXT_MARKUP_BYTES_MAX).min(text.len()));
    let mut rest = &text[at..to.max(at)];
    let mut words = String::new();
    let mut room = CONTEXT_BYTES_MAX;
    while room > 0 && !rest.is_empty() {
        if let Some(end) = tag_that_begins(rest) {
            words.push(' ');
            rest = &rest[end..];
            room -= 1;
            continue;
        }
        let within = rest.strip_prefix('<').unwrap_or(rest);
        let skipped = rest.len() - within.len();
        let end = within.find('<').map_or(rest.len(), |start| start + skipped);
        let end = end.min(rest.floor_char_boundary(room));
        if end == 0 {
            break;
        }
        words.extend(rest[..end].chars().flat_map(char::to_lowercase));
        room -= end;
        rest = &rest[end..];
    }
    words
}

/// Returns where the tag begins with which a text ends.
fn tag_that_ends(text: &str) -> Option<usize> {
    let within = text.strip_suffix('>')?;
    let start = within.rfind(['<', '>'])?;
    is_tag(&within[start..]).then_some(start)
}

/// Returns where the tag ends with which a text begins.
fn tag_that_begins(text: &str) -> Option<usize> {
    let within = text.strip_prefix('<')?;
    let end = within.find(['<', '>'])? + 1;
    (text.as_bytes()[end] == b'>' && is_tag(text)).then_some(end + 1)
}

/// Tells a tag from an address or a sign of a quotation.
fn is_tag(text: &str) -> bool {
    let name = text.strip_prefix('<').unwrap_or_default();
    let name = name.strip_prefix('/').unwrap_or(name);
    let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let next = name.as_bytes().get(length);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && next.is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'/' | b'>'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_no_words() {
        let style =
            "font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;color:#222222";
        let text = format!("<p>Your Order <span style=\"{style}\">4</span><b class=x> Shipped</b>");
        let at = text.find(">4<").unwrap() + 1;
        assert_eq!(before(&text, at), " your order  ");
        assert_eq!(behind(&text, at + 1), "   shipped ");
    }

    #[test]
    fn what_only_looks_like_a_tag_is_read() {
        for (text, words) in [
            (
                "<ann@x.example> wrote:\n> Order\n> ",
                "<ann@x.example> wrote:\n> order\n> ",
            ),
            ("<div data-order=\"", "<div data-order=\""),
            ("a < b > c ", "a < b > c "),
            (">>>", ">>>"),
        ] {
            assert_eq!(before(text, text.len()), words);
        }
        for text in ["< 5 > 4", "<<<", "<a", "<ann@x.example> x"] {
            assert_eq!(behind(text, 0), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_has_few_words_around_any_place(text in "[<>/a-c ßİ\n]{0,200}", at in 0_usize..200) {
            // A letter may be longer in lower case.
            prop_assert!(before(&text, at).len() <= 2 * CONTEXT_BYTES_MAX);
            prop_assert!(behind(&text, at).len() <= 2 * CONTEXT_BYTES_MAX);
        }
    }
}
