//! Every text of a message, with where it was, for whoever looks for words that must not leave.
//!
//! Not what a reader is shown, but what any reader could get at: values and parameters of every field of every part, what
//! stands between parts, bodies in every charset and encoding that is named for them, runs of letters in files that are no
//! text, and all of that again in messages within the message, declared or not. The same words may be told more than once,
//! because readers differ. Archives and documents are not opened.
//!
//! | module | what it is for |
//! |---|---|
//! | `reading` | what octets say: charsets, wide text, letters among other octets |
//! | `uu` | files written into plain text |

mod reading;
mod uu;

use crate::fields::{FieldReader, HeaderEnd};
use crate::limits::{HTML_BYTES_MAX, MIME_DEPTH_MAX, UUENCODED_FILES_MAX};
use crate::parameters::Parameters;
use crate::parse::read_header;
use crate::texts::html_texts;
use crate::transfer::{self, Encoding};
use crate::tree::{self, Part};
use crate::words::{WordBudget, decode_value};

/// Where a text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot<'a> {
    /// The way there, never empty: the number of a part of the message, as [`Attachment::part`](crate::Attachment::part) tells
    /// it and 0 for the root; where that part is a message, the number of a part of that message; and so on.
    pub path: &'a [u32],
    /// What of the last part of the path.
    pub kind: SpotKind<'a>,
}

/// What of a part a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpotKind<'a> {
    /// The value of a header field, unfolded, encoded words decoded: display names, identifiers, everything. The name is as
    /// written, so somebody may have written something into it; [`SpotKind::FieldNames`] tells it as text.
    Field(&'a str),
    /// The names of all fields of a header, one a line.
    FieldNames,
    /// The value of a parameter of a field, file names among them, in every form. The name is as written, without its RFC 2231
    /// suffix.
    Parameter(&'a str),
    /// Lines of a header that are no fields, and what stands before, between and behind parts.
    Between,
    /// The body of a part. HTML is told as its source here, and again as what it says.
    Body,
    /// What a reader sees of HTML.
    Seen,
    /// What no reader sees of HTML: hidden texts and comments.
    Unseen,
    /// Attributes of HTML that hold texts and addresses.
    Attributes,
}

/// Tells every text of a message. Returns whether that was all of it: `false` when a bound of [`limits`](crate::limits) was hit,
/// or when messages within the message and decoded bodies have more than `octets_max` octets together with the message.
///
/// Total and linear: each octet of the message counts, and each octet again for each message around it and each encoding it is
/// decoded from. Twice the length of the message and some is enough for honest mail.
#[must_use]
pub fn every_text(raw: &[u8], octets_max: usize, mut tell: impl FnMut(Spot<'_>, &str)) -> bool {
    let mut walker = Walker {
        left: octets_max,
        is_whole: true,
        path: Vec::new(),
        tell: &mut tell,
    };
    walker.message(raw);
    walker.is_whole
}

struct Walker<'f> {
    /// Octets that may still be looked at.
    left: usize,
    is_whole: bool,
    path: Vec<u32>,
    tell: &'f mut dyn FnMut(Spot<'_>, &str),
}

impl Walker<'_> {
    fn say(&mut self, kind: SpotKind<'_>, text: &str) {
        if !text.trim_ascii().is_empty() {
            let path = &self.path;
            (self.tell)(Spot { path, kind }, text);
        }
    }

    /// Returns as much of the octets as may be looked at.
    fn pay<'o>(&mut self, octets: &'o [u8]) -> &'o [u8] {
        let paid = octets.len().min(self.left);
        self.left -= paid;
        self.is_whole &= paid == octets.len();
        &octets[..paid]
    }

    fn message(&mut self, raw: &[u8]) {
        let raw = self.pay(raw);
        let (root, has_more_fields) = read_header(raw, |_| {});
        let tree = tree::scan(raw, root);
        self.is_whole &= !has_more_fields && !tree.truncated;
        let mut between = Vec::new();
        let mut done = 0;
        for (number, part) in tree.parts.iter().enumerate() {
            between.extend_from_slice(raw.get(done..part.head).unwrap_or_default());
            self.path.push(u32::try_from(number).unwrap_or(u32::MAX));
            self.header(raw, part);
            done = match part.multipart {
                Some(_) => part.body.start,
                None => {
                    self.body(part, &raw[part.body.clone()]);
                    part.body.end
                }
            };
            self.path.pop();
        }
        between.extend_from_slice(raw.get(done..).unwrap_or_default());
        self.path.push(0);
        self.say_octets(SpotKind::Between, &between);
        self.path.pop();
    }

    fn header(&mut self, raw: &[u8], part: &Part<'_>) {
        // Ends where the tree found its end, boundaries within headers included.
        let section = &raw[..part.body.start];
        let mut reader = FieldReader::new(section, part.head);
        let mut names = String::new();
        while let Some(field) = reader.next(|_| false) {
            let name = String::from_utf8_lossy(field.name);
            names.push_str(&name);
            names.push('\n');
            if name.eq_ignore_ascii_case("content-transfer-encoding") {
                self.is_whole &= transfer::is_known(field.value);
            }
            self.value(&name, field.value);
        }
        self.is_whole &= !reader.surplus;
        self.say(SpotKind::FieldNames, &names);
        let head = &section[part.head..];
        let is_odd = reader.is_doubtful()
            || reader.ended() == HeaderEnd::Overflow
            || head.starts_with(b"From ")
            || head.starts_with(b">From ");
        if is_odd {
            self.say_octets(SpotKind::Between, head);
        }
    }

    fn value(&mut self, name: &str, value: &[u8]) {
        let mut budget = WordBudget::for_one_field();
        let text = decode_value(value, &mut budget);
        self.say(SpotKind::Field(name), &text);
        if text.contains('\\') {
            // RFC 5322 3.2.1: a backslash before a letter is not part of what is said.
            let unescaped: String = text.chars().filter(|&c| c != '\\').collect();
            self.say(SpotKind::Field(name), &unescaped);
        }
        self.is_whole &= !budget.exceeded;
        if value.contains(&b'=') && value.contains(&b';') {
            self.parameters(value);
        }
    }

    fn parameters(&mut self, value: &[u8]) {
        let mut parameters = Parameters::parse(value);
        let bases = parameters.list.iter().map(|parameter| {
            let name = String::from_utf8_lossy(parameter.name);
            let base = name.split('*').next().unwrap_or_default();
            base.to_ascii_lowercase()
        });
        let mut bases: Vec<String> = bases.collect();
        bases.sort_unstable();
        bases.dedup();
        for base in &bases {
            let mut texts: Vec<String> = parameters.extended(base).collect();
            texts.extend(parameters.continued(base));
            let plain = parameters.all(base);
            texts.extend(plain.map(|parameter| {
                let mut budget = WordBudget::for_one_field();
                decode_value(&parameter.value, &mut budget)
            }));
            for text in &texts {
                self.say(SpotKind::Parameter(base), text);
            }
        }
        self.is_whole &= !parameters.truncated;
    }

    fn body(&mut self, part: &Part<'_>, octets: &[u8]) {
        for encoding in part.encodings() {
            let decoded = encoding.decode(octets);
            // What is not encoded was paid for with the message.
            let content = match encoding {
                Encoding::Identity => octets,
                _ => self.pay(&decoded),
            };
            self.content(part, content);
        }
    }

    fn content(&mut self, part: &Part<'_>, content: &[u8]) {
        let is_declared = part.is_type("message/rfc822") || part.is_type("message/global");
        if is_declared || is_message(content) {
            if self.path.len() < MIME_DEPTH_MAX {
                self.message(content);
                // What is not encoded within it was told; all of it again, encoded, would only be long.
                if !part.is_kind("text") {
                    return;
                }
            } else {
                self.is_whole = false;
            }
        }
        let texts = match part.fields.content_type.as_ref() {
            Some(fields) => {
                let charsets = || fields.all("charset").map(|one| &*one.value);
                self.is_whole &= content.is_ascii() || charsets().all(reading::knows);
                reading::of_body(content, charsets())
            }
            None => reading::of_body(content, std::iter::empty()),
        };
        for text in &texts {
            self.say(SpotKind::Body, text);
            for file in uu::files(text).take(UUENCODED_FILES_MAX) {
                self.say_octets(SpotKind::Body, &file);
            }
            if part.is_type("text/html") || looks_like_html(text) {
                self.html(text);
            }
        }
    }

    fn html(&mut self, text: &str) {
        self.is_whole &= text.len() <= HTML_BYTES_MAX;
        let texts = html_texts(text);
        self.say(SpotKind::Seen, &texts.seen);
        self.say(SpotKind::Unseen, &texts.unseen);
        self.say(SpotKind::Attributes, &texts.attributes);
    }

    fn say_octets(&mut self, kind: SpotKind<'_>, octets: &[u8]) {
        for text in &reading::of_octets(octets) {
            self.say(kind, text);
        }
    }
}

/// Octets in which a text shows that it is HTML.
const HTML_HEAD_BYTES: usize = 1_024;

fn looks_like_html(text: &str) -> bool {
    let head = &text[..text.floor_char_boundary(HTML_HEAD_BYTES)];
    let head = head.to_ascii_lowercase();
    [
        "<html",
        "<body",
        "<!doctype html",
        "<head",
        "<div",
        "<table",
    ]
    .iter()
    .any(|tag| head.contains(tag))
}

/// Fields by which a file shows that it is a message.
const TELLING: [&str; 10] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Received",
    "Return-Path",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];
/// Fields of a file that are looked at for that.
const TELLING_WITHIN_FIELDS: usize = 200;

/// Tells whether a file begins as messages do, whatever it is called.
fn is_message(content: &[u8]) -> bool {
    let mut reader = FieldReader::new(content, 0);
    for _ in 0..TELLING_WITHIN_FIELDS {
        let Some(field) = reader.next(|_| false) else {
            return false;
        };
        if TELLING.iter().any(|name| field.is(name)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
