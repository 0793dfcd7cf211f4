//! The visible characters of a body: a small, bounded reader, not an HTML parser.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memchr2, memmem};

use crate::html::{Beginning, Piece, Role, Veil, veil};
use crate::limits::{SNIPPET_CHARS_MAX, SNIPPET_SCAN_BYTES_MAX, VEILED_BYTES_MAX};

/// Returns the first characters of plain text, white space collapsed.
pub(crate) fn snippet_of_text(text: &str) -> String {
    let mut line = Line::of_at_most(SNIPPET_CHARS_MAX);
    line.push(bounded(text));
    line.text
}

/// Returns the first visible characters of HTML, white space collapsed.
pub(crate) fn snippet_of_html(html: &str) -> String {
    let html = bounded(html);
    let beginning = Beginning::of(html);
    if beginning.has_sheets() || mentions_colour(html) {
        return seen_beginning(&beginning, html.len());
    }
    let mut line = Line::of_at_most(SNIPPET_CHARS_MAX);
    push_visible(html, &mut line, skip_markup);
    line.text
}

/// Octets that are read first of a body that could hide text by colours and sheets; few have no text in them.
const BEGINNING_BYTES: usize = 16 << 10;

/// Reads as much of a body as it takes to see enough.
fn seen_beginning(beginning: &Beginning<'_>, octets_max: usize) -> String {
    let mut octets = BEGINNING_BYTES;
    loop {
        let mut line = Line::of_at_most(SNIPPET_CHARS_MAX);
        for piece in beginning.read(octets) {
            match &piece {
                Piece::Text(text) => line.push(text),
                Piece::Open(tag) if tag.element.role != Role::Inline => line.push(" "),
                Piece::Close(element) if element.role != Role::Inline => line.push(" "),
                _ => {}
            }
            if line.is_full() {
                return line.text;
            }
        }
        if octets >= octets_max {
            return line.text;
        }
        octets *= 6;
    }
}

fn mentions_colour(html: &str) -> bool {
    let bytes = html.as_bytes();
    memchr::memchr2_iter(b'c', b'C', bytes).any(|at| {
        let word = bytes.get(at..at + 5);
        word.is_some_and(|word| word.eq_ignore_ascii_case(b"color"))
    })
}

/// Returns the first characters that a reader sees of a body, white space collapsed.
#[must_use]
pub fn snippet(body: &str, is_html: bool) -> String {
    if is_html {
        snippet_of_html(body)
    } else {
        snippet_of_text(body)
    }
}

/// Returns the visible text of a body, HTML or not, in one line of at most `characters_max`; for finding words in it.
///
/// Whoever keeps a body need not know what it is: `<` that begins no tag, as in `<ann@shop.example>`, is text.
#[must_use]
pub fn visible_text(body: &str, characters_max: usize) -> String {
    let mut line = Line::of_at_most(characters_max);
    push_visible(body, &mut line, |rest, line| {
        if begins_markup(rest.as_bytes()) {
            return skip_markup(rest, line);
        }
        line.push("<");
        1
    });
    line.text
}

fn push_visible(html: &str, line: &mut Line, pass: impl Fn(&str, &mut Line) -> usize) {
    let mut position = 0;
    while !line.is_full() && position < html.len() {
        let rest = &html[position..];
        let markup = memchr2(b'<', b'&', rest.as_bytes()).unwrap_or(rest.len());
        line.push(&rest[..markup]);
        let rest = &rest[markup..];
        position += markup;
        position += match rest.as_bytes().first() {
            Some(b'&') => push_entity(rest, line),
            Some(_) => pass(rest, line),
            None => 0,
        };
    }
}

/// Tells a comment or a tag, whose name is letters and digits followed by a space or the end, from other uses of `<`.
fn begins_markup(bytes: &[u8]) -> bool {
    match bytes.get(1) {
        Some(b'!' | b'?') => true,
        Some(_) => {
            let name = bytes[1..].strip_prefix(b"/").unwrap_or(&bytes[1..]);
            let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric());
            end.is_some_and(|end| {
                end > 0
                    && (name[end] == b'>' || name[end] == b'/' || name[end].is_ascii_whitespace())
            })
        }
        None => false,
    }
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(SNIPPET_SCAN_BYTES_MAX)]
}

/// One line of collapsed text, up to a length.
struct Line {
    text: String,
    characters: usize,
    characters_max: usize,
    space: bool,
}

impl Line {
    fn of_at_most(characters_max: usize) -> Self {
        Self {
            text: String::new(),
            characters: 0,
            characters_max,
            space: false,
        }
    }

    fn is_full(&self) -> bool {
        self.characters >= self.characters_max
    }

    fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.is_full() {
                return;
            }
            if character.is_whitespace() || character.is_control() {
                self.space = self.characters > 0;
                continue;
            }
            if is_filler(character) {
                continue;
            }
            if self.space {
                self.space = false;
                self.text.push(' ');
                self.characters += 1;
                if self.is_full() {
                    self.text.pop();
                    return;
                }
            }
            self.text.push(character);
            self.characters += 1;
        }
    }
}

/// Newsletters pad their preview text with characters that show nothing.
fn is_filler(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{34F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Reads a character reference at the start of `rest`; returns its length.
fn push_entity(rest: &str, line: &mut Line) -> usize {
    const ENTITY_BYTES_MAX: usize = 32;
    let window = &rest.as_bytes()[..rest.len().min(ENTITY_BYTES_MAX)];
    let end = memchr(b';', window).filter(|&end| {
        rest.as_bytes()[1..end]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
    });
    let Some(end) = end else {
        line.push("&");
        return 1;
    };
    let mut decoded = String::new();
    add_html_token(&mut decoded, &rest.as_bytes()[..=end], false);
    line.push(&decoded);
    end + 1
}

/// Passes over a tag, a comment or an element that shows nothing, at the start of `rest`; returns its length.
fn skip_markup(rest: &str, line: &mut Line) -> usize {
    let bytes = rest.as_bytes();
    if bytes.starts_with(b"<!--") {
        return memmem::find(&bytes[2..], b"-->").map_or(bytes.len(), |at| at + 5);
    }
    if matches!(bytes.get(1), Some(b'!' | b'?')) {
        return memchr(b'>', bytes).map_or(bytes.len(), |at| at + 1);
    }
    let closing = bytes.get(1) == Some(&b'/');
    let name_start = 1 + usize::from(closing);
    let name_len = bytes[name_start..]
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(bytes.len() - name_start);
    let name = &rest[name_start..name_start + name_len];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        line.push("<");
        return 1;
    }
    let tag_len = tag_len(bytes);
    if !closing
        && ["script", "style", "title", "template", "noscript"]
            .iter()
            .any(|hidden| name.eq_ignore_ascii_case(hidden))
    {
        return tag_len + content_len(&bytes[tag_len..], name.as_bytes());
    }
    if !is_inline(name) {
        line.push(" ");
    }
    if closing || is_void(name) {
        return tag_len;
    }
    tag_len + hidden_len(&rest[..tag_len], &rest[tag_len..], name)
}

/// Returns how much behind a start tag nobody sees, as far as the tag itself tells. Sheets, colours and what is hidden at
/// greater length are for the slower reader that extracts.
fn hidden_len(tag: &str, rest: &str, name: &str) -> usize {
    if !mentions(tag, b"style") && !mentions(tag, b"hidden") {
        return 0;
    }
    match veil(tag) {
        Some(Veil::Whole) => element_len(rest.as_bytes(), name.as_bytes()).unwrap_or(rest.len()),
        Some(Veil::Default) => {
            let near = &rest[..rest.floor_char_boundary(VEILED_BYTES_MAX)];
            let length = element_len(near.as_bytes(), name.as_bytes()).unwrap_or(0);
            let speaks_up = |word: &[u8]| mentions(&near[..length], word);
            if speaks_up(b"font") || speaks_up(b"visib") {
                return 0;
            }
            length
        }
        None => 0,
    }
}

fn mentions(text: &str, word: &[u8]) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// Returns the length of what an element holds, elements of its own name included; `None` when it is not closed.
fn element_len(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    for at in memchr::memchr_iter(b'<', bytes) {
        let closing = bytes.get(at + 1) == Some(&b'/');
        let start = at + 1 + usize::from(closing);
        let named = bytes.get(start..start + name.len());
        let ends = bytes.get(start + name.len());
        if !named.is_some_and(|named| named.eq_ignore_ascii_case(name))
            || ends.is_some_and(u8::is_ascii_alphanumeric)
        {
            continue;
        }
        match (closing, depth) {
            (true, 0) => return Some(at),
            (true, _) => depth -= 1,
            (false, _) => depth += 1,
        }
    }
    None
}

/// Returns the length of a tag, in whose quoted attributes `>` is text.
fn tag_len(bytes: &[u8]) -> usize {
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    bytes.len()
}

/// Returns the length of an element's content up to its closing tag; everything, when it is never closed.
fn content_len(bytes: &[u8], name: &[u8]) -> usize {
    let closes = |at: &usize| {
        bytes[at + 2..]
            .get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    memmem::find_iter(bytes, b"</")
        .find(closes)
        .unwrap_or(bytes.len())
}

/// Elements that hold nothing.
fn is_void(name: &str) -> bool {
    const VOID: &[&str] = &[
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
        "source", "track", "wbr",
    ];
    VOID.iter().any(|void| name.eq_ignore_ascii_case(void))
}

/// Elements that do not separate words.
fn is_inline(name: &str) -> bool {
    const INLINE: &[&str] = &[
        "a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "ins", "del", "kbd", "label",
        "mark", "q", "s", "small", "span", "strong", "sub", "sup", "tt", "u", "wbr",
    ];
    INLINE
        .iter()
        .any(|inline| name.eq_ignore_ascii_case(inline))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_text_of_html_is_shown() {
        let table = [
            ("<p>Hello,<br>world</p>", "Hello, world"),
            (
                "<html><head><title>T</title><STYLE>p { color: red }</style></head><body>Hi</body>",
                "Hi",
            ),
            ("<script>if (a < b) { '</div>' }</script>Hi", "Hi"),
            ("<!-- not <b>this</b> -->Hi<!-- end", "Hi"),
            ("<!DOCTYPE html><a title=\"a > b\">Hi</a>", "Hi"),
            (
                "a&nbsp;&amp;&#32;b &lt;c&gt; &eacute; &bogus; & d",
                "a & b <c> é &bogus; & d",
            ),
            ("1 < 2 <3", "1 < 2 <3"),
            ("w<b>or</b>d\u{200b}s&zwnj;&#0;", "words"),
            ("<td>a</td><td>b</td>", "a b"),
            ("<style>never closed", ""),
            ("<", "<"),
            ("&", "&"),
        ];
        for (html, expected) in table {
            assert_eq!(snippet_of_html(html), expected, "{html}");
        }
    }

    #[test]
    fn agent_02_text_that_its_element_hides_is_in_no_snippet() {
        let table = [
            ("a <div style=\"display:none\">no</div>b", "a b"),
            ("a <span hidden>no</span>b", "a b"),
            (
                "a <SPAN STYLE='font-size:0'>no<span>no</span></SPAN>b",
                "a b",
            ),
            ("a <p style='visibility:hidden'>no<br>no</p>b", "a b"),
            ("a <b style='opacity:0'>no", "a"),
            (
                "<td style='font-size:0'>\n<div style='font-size:14px'>yes</div></td>",
                "yes",
            ),
            ("<a title=hidden>yes</a>", "yes"),
            ("<img style='display:none' src=x>yes", "yes"),
            ("<p style='color:red'>yes</p>", "yes"),
            ("<i style='display:none'><ins>no</ins></i>yes", "yes"),
        ];
        for (html, expected) in table {
            assert_eq!(snippet_of_html(html), expected, "{html}");
            assert_eq!(visible_text(html, 1_000), expected, "{html}");
        }
    }

    #[test]
    fn agent_02_text_that_colours_and_sheets_hide_is_in_no_snippet() {
        let padding = "<p class=x>no</p>".repeat(10_000);
        for (html, expected) in [
            ("a <b style='color:#fff'>no</b> b".to_owned(), "a b"),
            ("<font color=white>no</font>yes".to_owned(), "yes"),
            ("<style>.x{display:none}</style><b class=x>no</b>yes".to_owned(), "yes"),
            ("<b class=x>no</b>yes<style>.x{font-size:0}</style>".to_owned(), "yes"),
            (
                "<!--[if mso]><style>.x{display:none}</style><![endif]--><b class=x style='color:#000'>yes</b>".to_owned(),
                "yes",
            ),
            ("<style>#x{color:white}</style><p id=x>no<p>yes".to_owned(), "yes"),
            ("<body bgcolor=black><p style='color:black'>no</p><p>a<br>b".to_owned(), "a b"),
            (format!("<style>.x{{display:none}}</style>{padding}yes"), "yes"),
        ] {
            assert_eq!(snippet_of_html(&html), expected, "{}", &html[..html.len().min(90)]);
        }
    }

    #[test]
    fn hostile_html_costs_its_length() {
        for tag in [
            "<style>",
            "<style>a{}</style>",
            "<!--",
            "<b style='color:#fff'>",
            "</",
            "<style",
            "<style>a{color:red",
            "&#",
            "<p class=x>",
            "<!--[if x]><!--[if x]>",
            "<a title=x color>",
            "<details>",
            "<template>",
        ] {
            let html = format!("color {}", tag.repeat((10 << 20) / tag.len()));
            assert!(
                snippet_of_html(&html).chars().count() <= SNIPPET_CHARS_MAX,
                "{tag}"
            );
        }
    }

    #[test]
    fn what_is_hidden_costs_its_length() {
        for tag in [
            "<p hidden>",
            "<p style='font-size:0'>",
            "<p style=\"display:none\">",
            "</p hidden>",
        ] {
            let html = tag.repeat(500_000 / tag.len());
            assert_eq!(visible_text(&html, 1_000), "", "{tag}");
        }
    }

    #[test]
    fn visible_text_takes_plain_text_and_html_alike() {
        let table = [
            (
                "On Monday Ann <ann@a.example> wrote:\n> 1 < 2",
                "On Monday Ann <ann@a.example> wrote: > 1 < 2",
            ),
            (
                "<p class=x>Hello<br/>w<b>or</b>ld</p><!-- no -->",
                "Hello world",
            ),
            ("see <https://a.example/>", "see <https://a.example/>"),
            ("a<", "a<"),
            ("a</", "a</"),
            ("<p", "<p"),
        ];
        for (body, expected) in table {
            assert_eq!(visible_text(body, 1_000), expected, "{body}");
        }
        assert_eq!(visible_text("<b>abc</b>", 2), "ab");
    }

    #[test]
    fn snippets_end_at_the_hundredth_character() {
        assert_eq!(
            snippet_of_text(&"é".repeat(SNIPPET_CHARS_MAX + 1)),
            "é".repeat(SNIPPET_CHARS_MAX)
        );
        let words = snippet_of_text(&"a ".repeat(SNIPPET_CHARS_MAX));
        assert!(words.chars().count() <= SNIPPET_CHARS_MAX && words.ends_with('a'));
        assert_eq!(snippet_of_text("  a \r\n\t b\0 c  "), "a b c");
    }
}
