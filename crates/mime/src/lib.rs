//! Reads and writes Internet messages: headers, structure, text; pure, and reading is total on any bytes.
//!
//! It does not send, store, sanitise or judge anything, never opens an archive, and never looks into an attached
//! message. All text that leaves it is valid UTF-8 without NUL; every loop is bounded by a constant of [`limits`], and
//! what lies beyond one stays opaque and is told by `parse_truncated`.
//!
//! - [`parse()`]: a message once, everything listing needs; [`decode_part`]: the octets of one attachment
//! - [`headers`], [`header_section`]: the header alone
//! - [`parse_display`]: an address field as text for eyes
//! - [`subject`]: subjects without `Re:` and its kin; [`visible_text`], [`snippet()`]: what a reader sees of a body
//! - [`hidden_text`]: what no reader sees of it; [`html_texts`]: all texts of a body, sorted by who sees them
//! - [`clean`]: what somebody wrote, as text or Markdown; [`extract`]: codes, links and language of it
//! - [`report`]: what mail systems report about messages
//! - [`every_text`]: all that anybody could read in a message, with where it was
//! - [`replace_parts`]: parts leave a message, and notes take their places
//! - [`build`]: what an account sends, written; [`seven_bit()`]: a message in ASCII
//!
//! Structure, fields, addresses and encoded words are read by this crate; charsets, HTML entities and dates come from
//! a parser crate that is called only on bounded input and shows in no signature.
//!
//! ```
//! let raw = b"From: Ann <ann@shop.example>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n";
//! let message = posthouse_mime::parse(raw);
//! assert_eq!(message.subject, "Grüße");
//! assert_eq!(message.from[0].email, "ann@shop.example");
//! assert_eq!(message.snippet, "Hello");
//! ```

mod attachment;
mod body;
pub mod build;
mod charset;
pub mod clean;
mod display;
mod downgrade;
pub mod extract;
mod fields;
mod hidden;
mod html;
mod identifiers;
pub mod limits;
mod message;
mod parameters;
mod parse;
mod replace;
pub mod report;
pub mod subject;
mod suspect;
mod texts;
mod transfer;
mod tree;
mod visible;
mod walk;
mod words;

pub use attachment::name_of_unnamed;
pub use display::parse_display;
pub use downgrade::seven_bit;
pub use fields::{header_section, headers};
pub use hidden::{HiddenText, hidden_text};
pub use message::{Attachment, ParsedMessage, Suspect, Suspicion};
pub use parse::{decode_part, parse};
pub use replace::{Replacement, part_heads, replace_parts};
pub use texts::{HtmlTexts, html_texts};
pub use visible::{snippet, visible_text};
pub use walk::{Spot, SpotKind, every_text};
