//! The tokenizer, kept from recursing.
//!
//! `html5gum` goes from one attribute in double quotes to the next by calls within calls, so that a tag of many
//! attributes exhausts the stack. Here a tag ends for it after so many: what follows up to the tag's real end is skipped.

use std::cell::Cell;
use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, ForwardingEmitter, Reader, Span, Tokenizer};

use crate::limits::HTML_ATTRIBUTES_MAX;

/// Calls `take` with everything in a text, in order, in linear time and on a bounded stack.
pub(super) fn events(html: &str, mut take: impl FnMut(CallbackEvent<'_>)) {
    let on_event = |event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        take(event);
        None
    };
    let is_over = Cell::new(false);
    let mut inner = CallbackEmitter::new(on_event);
    inner.naively_switch_states(true);
    let emitter = AttributeCount {
        inner,
        attributes: 0,
        is_over: &is_over,
    };
    let reader = Abridged {
        rest: html.as_bytes(),
        instead: b"",
        last: 0,
        is_over: &is_over,
    };
    // All tokens went through the callback, which yields nothing.
    let yielded = Tokenizer::new_with_emitter(reader, emitter).count();
    debug_assert_eq!(yielded, 0);
}

/// Counts the values of a tag's attributes and tells the reader when there are too many.
struct AttributeCount<'a, E> {
    inner: E,
    attributes: usize,
    is_over: &'a Cell<bool>,
}

impl<E: Emitter> ForwardingEmitter for AttributeCount<'_, E> {
    type Token = E::Token;

    fn inner(&mut self) -> &mut impl Emitter<Token = Self::Token> {
        &mut self.inner
    }

    fn init_start_tag(&mut self) {
        self.attributes = 0;
        self.inner.init_start_tag();
    }

    fn init_end_tag(&mut self) {
        self.attributes = 0;
        self.inner.init_end_tag();
    }

    fn init_attribute_value(&mut self) {
        self.attributes += 1;
        self.is_over.set(self.attributes > HTML_ATTRIBUTES_MAX);
        self.inner.init_attribute_value();
    }
}

/// Reads a text, leaving out what is left of a tag with too many attributes.
struct Abridged<'a> {
    rest: &'a [u8],
    /// What is read in place of what was left out.
    instead: &'a [u8],
    last: u8,
    is_over: &'a Cell<bool>,
}

impl Abridged<'_> {
    /// Must be called before anything is read. Behind a quote that opens a value, the state of the tokenizer is known.
    fn abridge(&mut self) {
        if !self.is_over.take() || self.last != b'"' {
            return;
        }
        let (end, is_self_closing) = behind_tag(self.rest);
        self.rest = &self.rest[end..];
        self.instead = match is_self_closing {
            Some(true) => b"\"/>",
            Some(false) => b"\">",
            // The text ends within the tag, which therefore is none.
            None => b"",
        };
    }
}

impl Reader for Abridged<'_> {
    type Error = Infallible;

    fn read_byte(&mut self) -> Result<Option<u8>, Infallible> {
        self.abridge();
        let from = if self.instead.is_empty() {
            &mut self.rest
        } else {
            &mut self.instead
        };
        let Some((first, rest)) = from.split_first() else {
            return Ok(None);
        };
        self.last = *first;
        *from = rest;
        Ok(Some(self.last))
    }

    fn try_read_string(&mut self, wanted: &[u8], case_sensitive: bool) -> Result<bool, Infallible> {
        self.abridge();
        let found = self.rest.get(..wanted.len()).filter(|found| {
            self.instead.is_empty()
                && (*found == wanted || (!case_sensitive && found.eq_ignore_ascii_case(wanted)))
        });
        let Some(last) = found.and_then(<[u8]>::last) else {
            return Ok(false);
        };
        self.last = *last;
        self.rest = &self.rest[wanted.len()..];
        Ok(true)
    }

    fn read_until<'b>(
        &'b mut self,
        needle: &[u8],
        byte: &'b mut [u8; 4],
    ) -> Result<Option<&'b [u8]>, Infallible> {
        self.abridge();
        if !self.instead.is_empty() {
            let first = self.read_byte()?;
            return Ok(first.map(|first| {
                byte[0] = first;
                &byte[..1]
            }));
        }
        let found = self.rest.iter().position(|byte| needle.contains(byte));
        let length = match found {
            Some(0) => 1,
            Some(before) => before,
            None => self.rest.len(),
        };
        let (read, rest) = self.rest.split_at(length);
        self.rest = rest;
        let Some(last) = read.last() else {
            return Ok(None);
        };
        self.last = *last;
        Ok(Some(read))
    }
}

/// Where the tokenizer is in a tag; the states of the HTML standard, 13.2.5.32 to 13.2.5.40.
enum Within {
    Quoted(u8),
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Solidus,
}

/// Returns where the text behind a tag begins, from within a value in double quotes on, and whether the tag closes itself;
/// `None` when it does not end.
fn behind_tag(rest: &[u8]) -> (usize, Option<bool>) {
    let mut within = Within::Quoted(b'"');
    for (at, byte) in rest.iter().enumerate() {
        let is_space = matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
        within = match (within, byte) {
            (Within::Quoted(quote), byte) if *byte == quote => Within::BeforeName,
            (Within::Quoted(quote), _) => Within::Quoted(quote),
            (Within::Solidus, b'>') => return (at + 1, Some(true)),
            (_, b'>') => return (at + 1, Some(false)),
            (Within::BeforeValue, b'"' | b'\'') => Within::Quoted(*byte),
            (Within::BeforeValue, _) if is_space => Within::BeforeValue,
            (Within::BeforeValue | Within::Unquoted, _) if !is_space => Within::Unquoted,
            (Within::Unquoted, _) => Within::BeforeName,
            (_, b'/') => Within::Solidus,
            (Within::Name | Within::AfterName, b'=') => Within::BeforeValue,
            (Within::Name | Within::AfterName, _) if is_space => Within::AfterName,
            (_, _) if is_space => Within::BeforeName,
            _ => Within::Name,
        };
    }
    (rest.len(), None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(html: &str) -> String {
        let mut text = String::new();
        events(html, |event| match event {
            CallbackEvent::OpenStartTag { name } => {
                text.push_str(&format!("<{}", String::from_utf8_lossy(name)));
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                text.push_str(if self_closing { "/>" } else { ">" });
            }
            CallbackEvent::EndTag { name } => {
                text.push_str(&format!("</{}>", String::from_utf8_lossy(name)));
            }
            CallbackEvent::String { value } => text.push_str(&String::from_utf8_lossy(value)),
            _ => {}
        });
        text
    }

    #[test]
    fn mime_01_a_tag_of_any_number_of_attributes_takes_a_bounded_stack() {
        for attribute in [
            "x=\"y\" ", "x=\"\"/", "x='y' ", "x=y ", "x ", "\"x\" ", "= \"", "x=\"y\"", "x=\"\"\n",
        ] {
            let many = attribute.repeat(1_000_000 / attribute.len() + HTML_ATTRIBUTES_MAX);
            for text in [
                format!("a<b {many}>c</b>d"),
                format!("a<b>c</b {many}>d"),
                format!("<style {many}>a</style {many}>"),
            ] {
                let made = std::thread::Builder::new()
                    .stack_size(1 << 20)
                    .spawn(move || written(&text))
                    .unwrap();
                assert!(made.join().unwrap().len() < 3_000_000, "{attribute}");
            }
        }
    }

    #[test]
    fn what_is_left_of_a_tag_is_skipped_to_its_end_and_no_further() {
        let many = "x=\"y\" ".repeat(HTML_ATTRIBUTES_MAX + 1);
        for (rest, behind) in [
            (">b", ">b"),
            ("/>b", "/>b"),
            ("t=\">no\">b", ">b"),
            ("t='>no' u = \"no>\" v=no w>b", ">b"),
            ("t=no/>b", ">b"),
            ("=\">b", ">b"),
            ("t= '>' / >b", ">b"),
            ("t=\"no", ""),
            ("t", ""),
        ] {
            assert_eq!(
                written(&format!("a<i {many}{rest}")),
                format!("a<i{behind}")
            );
        }
        assert_eq!(
            written(&format!("<style {many}><b></style>")),
            "<style><b></style>"
        );
        assert_eq!(written(&format!("a</b {many}t='>'>c")), "a</b>c");
    }

    proptest! {
        /// However the attributes are written: a tag of too many ends where it ends for the tokenizer itself.
        #[test]
        fn a_tag_ends_where_the_standard_ends_it(rest in "[ab =\"'/>\n]{0,40}") {
            // The states behind the opening quote of a value, with and without too many values before.
            let short = written(&format!("<i x=\"{rest}>z"));
            let long = "x=\"y\" ".repeat(HTML_ATTRIBUTES_MAX);
            prop_assert_eq!(written(&format!("<i {long}x=\"{rest}>z")), short);
        }
    }
}
