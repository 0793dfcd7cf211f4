//! Which parts are the body, in plain and in HTML, and which are kept beside it.
//!
//! The walk is that of RFC 8621 4.1.4: alternatives offer a choice, everything else is shown in order, so that text
//! after an inline image or a list's footer is part of the body and nothing a mail program shows is hidden from agents.

use std::borrow::Cow;

use crate::charset;
use crate::tree::{Multipart, Part, Tree};

/// Numbers of the parts shown and kept.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    text: Vec<usize>,
    html: Vec<usize>,
    pub(crate) attachments: Vec<usize>,
}

/// Where in the walk a part is met.
#[derive(Clone, Copy)]
struct Place {
    within: Multipart,
    in_alternative: bool,
    wants_text: bool,
    wants_html: bool,
}

impl Layout {
    /// Sorts the parts of a message.
    pub(crate) fn of(tree: &Tree<'_>) -> Self {
        let mut layout = Self::default();
        let Some(root) = tree.parts.first() else {
            return layout;
        };
        let place = Place {
            within: Multipart::Mixed,
            in_alternative: false,
            wants_text: true,
            wants_html: true,
        };
        if root.opaque {
            return layout;
        }
        layout.walk(tree, 0..tree.parts.len(), place);
        layout
    }

    /// Depth is bounded by the number of open multiparts the scan allows.
    fn walk(&mut self, tree: &Tree<'_>, range: std::ops::Range<usize>, mut place: Place) {
        let (text_before, html_before) = (self.text.len(), self.html.len());
        let mut number = range.start;
        while number < range.end {
            let part = &tree.parts[number];
            let is_first = number == range.start;
            match part.multipart {
                Some(kind) => {
                    let in_alternative = place.in_alternative || kind == Multipart::Alternative;
                    self.walk(
                        tree,
                        number + 1..part.end,
                        Place {
                            within: kind,
                            in_alternative,
                            ..place
                        },
                    );
                }
                None if is_shown(part, is_first, place.within, number == 0) => {
                    self.show(number, part, &mut place)
                }
                None => self.attachments.push(number),
            }
            number = part.end;
        }
        if place.within == Multipart::Alternative && place.wants_text && place.wants_html {
            self.complete_alternative(text_before, html_before);
        }
    }

    fn show(&mut self, number: usize, part: &Part<'_>, place: &mut Place) {
        let is_html = part.is_type("text/html");
        if place.within == Multipart::Alternative {
            let list = if is_html {
                &mut self.html
            } else {
                &mut self.text
            };
            list.push(number);
            return;
        }
        if place.in_alternative {
            // One branch of an alternative, such as a related with HTML, belongs to one reading only.
            place.wants_text &= !is_html;
            place.wants_html &= is_html;
        }
        if place.wants_text {
            self.text.push(number);
        }
        if place.wants_html {
            self.html.push(number);
        }
    }

    /// An alternative that offers only one of the two serves for both.
    fn complete_alternative(&mut self, text_before: usize, html_before: usize) {
        if self.text.len() == text_before {
            self.text.extend_from_slice(&self.html[html_before..]);
        } else if self.html.len() == html_before {
            self.html.extend_from_slice(&self.text[text_before..]);
        }
    }

    /// Returns the plain text to read.
    pub(crate) fn text(&self, raw: &[u8], tree: &Tree<'_>) -> Option<String> {
        let plain = self
            .text
            .iter()
            .map(|&number| &tree.parts[number])
            .filter(|part| !part.is_type("text/html"));
        join(plain.map(|part| part_text(raw, part)), "\n")
    }

    /// Returns the HTML to read; plain parts shown beside HTML ones are escaped into it.
    pub(crate) fn html(&self, raw: &[u8], tree: &Tree<'_>) -> Option<String> {
        let parts = || self.html.iter().map(|&number| &tree.parts[number]);
        if !parts().any(|part| part.is_type("text/html")) {
            return None;
        }
        let pieces = parts().map(|part| match part.is_type("text/html") {
            true => part_text(raw, part),
            false => escape(&part_text(raw, part)),
        });
        join(pieces, "\n")
    }
}

/// RFC 8621 4.1.4: text is shown unless it is a file, and beyond the first part a name makes it one.
fn is_shown(part: &Part<'_>, is_first: bool, within: Multipart, is_root: bool) -> bool {
    if part.opaque {
        return false;
    }
    let disposition = part.fields.disposition.as_ref();
    if disposition.is_some_and(|parameters| parameters.token.eq_ignore_ascii_case(b"attachment")) {
        return false;
    }
    // RFC 2046 4.1.4: unknown kinds of text are read as plain text; only as the whole message, else they are files
    let other_text = is_root && part.is_kind("text") && !part.is_type("text/calendar");
    if !(part.is_type("text/plain") || part.is_type("text/html") || other_text) {
        return false;
    }
    let has_name = disposition.is_some_and(|parameters| {
        parameters
            .list
            .iter()
            .any(|parameter| starts_with_name(parameter.name, "filename"))
    }) || part.fields.content_type.as_ref().is_some_and(|parameters| {
        parameters
            .list
            .iter()
            .any(|parameter| starts_with_name(parameter.name, "name"))
    });
    is_first || (within != Multipart::Related && !has_name)
}

fn starts_with_name(parameter: &[u8], name: &str) -> bool {
    parameter
        .get(..name.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()))
}

fn part_text(raw: &[u8], part: &Part<'_>) -> String {
    let body = part.encoding().decode(&raw[part.body.clone()]);
    let declared = part
        .fields
        .content_type
        .as_ref()
        .filter(|_| !part.hollow)
        .and_then(|parameters| parameters.first("charset"));
    charset::decode(&body, declared.map(|parameter| &*parameter.value))
}

fn join(pieces: impl Iterator<Item = String>, separator: &str) -> Option<String> {
    let mut joined: Option<String> = None;
    for piece in pieces {
        match &mut joined {
            None => joined = Some(piece),
            Some(text) => {
                text.push_str(separator);
                text.push_str(&piece);
            }
        }
    }
    joined
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    out.push_str("<div style=\"white-space: pre-wrap\">");
    for character in text.chars() {
        let replacement: Cow<'static, str> = match character {
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '&' => "&amp;".into(),
            '"' => "&quot;".into(),
            c => {
                out.push(c);
                continue;
            }
        };
        out.push_str(&replacement);
    }
    out.push_str("</div>");
    out
}
