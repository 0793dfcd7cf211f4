//! What an agent looks for in a message: the reply, one-time codes, links, how to unsubscribe, the language.
//!
//! Everything here is a hint about text that a stranger wrote. Codes and links come from what a reader sees; links are
//! told with the host they really lead to and are never followed.

mod codes;
mod language;
pub(crate) mod links;
mod unsubscribe;

pub use codes::{CodeSource, OtpCode};
pub use links::{Link, LinkKind};
pub use unsubscribe::ListUnsubscribe;

use crate::clean::{self, Options};
use crate::html;
use crate::limits::EXTRACT_TEXT_BYTES_MAX;
use crate::message::ParsedMessage;

/// What was found in a message; every list is bounded by [`limits`](crate::limits).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extracted {
    /// The text above quotes and signature.
    pub reply_text: String,
    /// ISO 639-1 code of the language, when there is enough text to tell.
    pub language: Option<&'static str>,
    /// One-time codes, best first.
    pub otp_codes: Vec<OtpCode>,
    /// Links in the order of the message; when there are too many, those of a special kind first.
    pub links: Vec<Link>,
    /// How to leave the list that sent the message.
    pub list_unsubscribe: Option<ListUnsubscribe>,
}

/// Reads a message for agents. `raw` is its source, of which the header is used, and `message` what [`parse`](crate::parse())
/// made of it.
#[must_use]
pub fn extract(raw: &[u8], message: &ParsedMessage) -> Extracted {
    let pieces = message.html.as_deref().map(html::read);
    let plain = message.text.as_deref().unwrap_or_default();
    let lines = match &pieces {
        Some(pieces) => clean::lines_of_html(pieces, &Options::default()),
        None => clean::line::lines_of(plain),
    };
    let reply_text = clean::reply_of(&lines);
    let whole = clean::line::join(lines.iter());
    let body = bounded(&whole);
    let list_unsubscribe = unsubscribe::read(raw);
    let links = match &pieces {
        Some(pieces) => links::of_html(pieces),
        None => links::of_text(bounded(plain)),
    };
    Extracted {
        language: language::of(if reply_text.is_empty() {
            body
        } else {
            &reply_text
        }),
        otp_codes: codes::find(&message.subject, body, &reply_text),
        links: links::sorted(
            links,
            list_unsubscribe
                .as_ref()
                .and_then(|list| list.http.as_deref()),
        ),
        list_unsubscribe,
        reply_text,
    }
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(EXTRACT_TEXT_BYTES_MAX)]
}
