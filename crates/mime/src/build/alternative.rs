//! The plain text beside HTML: what a reader would see, in lines.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memmem};

/// Octets of a character reference looked at.
const ENTITY_BYTES_MAX: usize = 32;
/// Octets of a link's target that are shown.
const LINK_BYTES_MAX: usize = 2_048;
/// Links open within each other; deeper ones show no target.
const OPEN_LINKS_MAX: usize = 16;

/// Returns the text of HTML: blocks on lines of their own, targets of links in parentheses, nothing that is not shown.
///
/// For a person without a reader of HTML; never to be taken for the HTML's meaning. One pass, whatever the input is.
#[must_use]
pub fn text_of_html(html: &str) -> String {
    let mut flow = Flow::default();
    let mut rest = html;
    while !rest.is_empty() {
        rest = match rest.as_bytes()[0] {
            b'<' => markup(rest, &mut flow),
            b'&' => entity(rest, &mut flow),
            _ => {
                let end = rest.find(['<', '&']).unwrap_or(rest.len());
                flow.text(&rest[..end]);
                &rest[end..]
            }
        };
    }
    flow.finish()
}

/// Text in lines, with breaks and blanks that are written only before something that shows.
#[derive(Default)]
struct Flow {
    out: String,
    /// Line breaks owed.
    breaks: usize,
    blank: bool,
    /// Where the text of each open link begins, and its target.
    links: Vec<(usize, Option<String>)>,
}

impl Flow {
    fn text(&mut self, text: &str) {
        for character in text.chars() {
            if character.is_whitespace() {
                self.blank = true;
            } else if !character.is_control() {
                self.settle();
                self.out.push(character);
            }
        }
    }

    /// Writes the breaks and blanks that are owed.
    fn settle(&mut self) {
        if self.out.is_empty() {
            (self.breaks, self.blank) = (0, false);
        }
        if self.breaks > 0 {
            self.out.extend(std::iter::repeat_n('\n', self.breaks));
            (self.breaks, self.blank) = (0, false);
        } else if self.blank && !self.out.ends_with('\n') {
            self.out.push(' ');
        }
        self.blank = false;
    }

    fn at_least(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }

    fn open_link(&mut self, tag: &str) {
        if self.links.len() < OPEN_LINKS_MAX {
            self.links.push((self.out.len(), attribute(tag, "href")));
        }
    }

    fn close_link(&mut self) {
        let Some((start, Some(target))) = self.links.pop() else {
            return;
        };
        let shown = self.out.get(start..).unwrap_or_default().trim();
        let bare = target.strip_prefix("mailto:").unwrap_or(&target);
        let leads_somewhere = ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| target.starts_with(scheme));
        if leads_somewhere && target.len() <= LINK_BYTES_MAX && shown != target && shown != bare {
            let target = format!(" ({bare})");
            self.text(&target);
        }
    }

    fn finish(self) -> String {
        let mut out = self.out;
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }
}

fn entity<'a>(rest: &'a str, flow: &mut Flow) -> &'a str {
    let window = &rest.as_bytes()[..rest.len().min(ENTITY_BYTES_MAX)];
    let end = memchr(b';', window).filter(|&end| {
        let name = &rest.as_bytes()[1..end];
        !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
    });
    let Some(end) = end else {
        flow.text("&");
        return &rest[1..];
    };
    let mut decoded = String::new();
    add_html_token(&mut decoded, &rest.as_bytes()[..=end], false);
    flow.text(&decoded);
    &rest[end + 1..]
}

/// Passes over a tag or comment and does to the text what it does to the page.
fn markup<'a>(rest: &'a str, flow: &mut Flow) -> &'a str {
    let bytes = rest.as_bytes();
    if bytes.starts_with(b"<!--") {
        return memmem::find(&bytes[4..], b"-->").map_or("", |at| &rest[at + 7..]);
    }
    let starts_tag = bytes
        .get(1)
        .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?'));
    if !starts_tag {
        flow.text("<");
        return &rest[1..];
    }
    let end = tag_end(bytes);
    let (tag, behind) = rest.split_at(end);
    let inside = tag.trim_start_matches('<').trim_end_matches('>');
    let closes = inside.starts_with('/');
    let name: String = inside
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    match name.as_str() {
        "script" | "style" | "head" | "title" | "template" if !closes => {
            return behind_element(behind, &name);
        }
        "br" => flow.breaks += usize::from(flow.breaks < 2),
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "ul" | "ol" | "table"
        | "pre" => {
            flow.at_least(2);
        }
        "div" | "tr" | "section" | "article" | "header" | "footer" | "hr" | "dt" | "dd" => {
            flow.at_least(1)
        }
        "li" if !closes => {
            flow.at_least(1);
            flow.text("- ");
        }
        "td" | "th" => flow.blank = true,
        "a" if closes => flow.close_link(),
        "a" => flow.open_link(inside),
        "img" => {
            if let Some(alt) = attribute(inside, "alt").filter(|alt| !alt.trim().is_empty()) {
                flow.text(&format!("[{}]", alt.trim()));
            }
        }
        _ => {}
    }
    behind
}

/// Returns where a tag ends: at `>` outside quotes, or at the end of everything.
fn tag_end(bytes: &[u8]) -> usize {
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    bytes.len()
}

/// Returns what follows the end tag of an element that shows nothing.
fn behind_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = memmem::find(&rest.as_bytes()[from..], b"</") {
        let start = from + at;
        let found = rest.as_bytes().get(start + 2..start + 2 + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return &rest[start + tag_end(&rest.as_bytes()[start..])..];
        }
        from = start + 2;
    }
    ""
}

/// Returns an attribute of a tag, with its character references resolved.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let mut from = 0;
    let lower = tag.to_ascii_lowercase();
    loop {
        let at = from + lower.get(from..)?.find(wanted)?;
        from = at + wanted.len();
        let before = tag[..at].chars().next_back();
        let value = tag[from..].trim_start().strip_prefix('=');
        let (Some(value), true) = (value, before.is_some_and(char::is_whitespace)) else {
            continue;
        };
        let value = value.trim_start();
        let raw = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
            _ => value.split(char::is_whitespace).next().unwrap_or_default(),
        };
        return Some(raw.replace("&amp;", "&"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_lines_and_links_show_where_they_lead() {
        let html = "<html><head><title>no</title><style>p{}</style></head><body><p>Hello <b>Ann</b>,</p>\n\
                    <p>see <a href=\"https://a.example/?x=1&amp;y=2\">our page</a> or <a href='https://b.example'>https://b.example</a></p>\
                    <ul><li>one</li><li>two &amp; three</li></ul>1 < 2<br>end<script>alert('</p>')</script></body></html>";
        assert_eq!(
            text_of_html(html),
            "Hello Ann,\n\nsee our page (https://a.example/?x=1&y=2) or https://b.example\n\n- one\n- two & three\n\n1 < 2\nend\n"
        );
    }

    #[test]
    fn broken_html_ends() {
        for html in [
            "<",
            "<a",
            "<a href=",
            "<script>",
            "&",
            "&#;",
            "<!--",
            "</",
            "<a href='x'>y",
            "a<b",
            "<p",
            "é<é",
        ] {
            assert!(text_of_html(html).len() < 100);
        }
    }
}
