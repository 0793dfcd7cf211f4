//! What a door hands over to be sent.

use bytes::Bytes;
use posthouse_types::address::DisplayAddress;

use super::tracking::TrackingOptions;
use crate::organise::Metadata;

/// A message in parts.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// The author, where it is not the account under its own name.
    pub from: Option<DisplayAddress>,
    /// The recipients.
    pub to: Vec<DisplayAddress>,
    /// The other recipients that everybody sees.
    pub cc: Vec<DisplayAddress>,
    /// The recipients that nobody else sees.
    pub bcc: Vec<DisplayAddress>,
    /// Where answers are to go, if not to the author.
    pub reply_to: Vec<DisplayAddress>,
    /// The subject.
    pub subject: String,
    /// What it says: HTML, unless `is_plaintext`.
    pub body: String,
    /// The body is plain text and goes alone.
    pub is_plaintext: bool,
    /// What goes along.
    pub files: Vec<OutgoingFile>,
    /// Further header fields: name and value.
    pub custom_headers: Vec<(String, String)>,
    /// Public id of the message of this account that it answers.
    pub reply_to_message_id: Option<String>,
    /// What the application notes down about the copy in Sent.
    pub metadata: Metadata,
    /// Whether the copy in Sent is starred.
    pub starred: bool,
    /// What the application wants to learn of what becomes of it; `None`: nothing was said.
    pub tracking: Option<TrackingOptions>,
    /// Recipients on the suppression list are left out, instead of refusing the message.
    pub skip_suppressed: bool,
    /// It goes over verified TLS all the way to its recipients, or not at all (RFC 8689).
    pub require_tls: bool,
    /// The header offers the one recipient to unsubscribe by a click.
    pub list_unsubscribe: bool,
}

/// What is wished of the sending of a draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendWishes {
    /// As [`Outgoing::skip_suppressed`].
    pub skip_suppressed: bool,
    /// As [`Outgoing::require_tls`].
    pub require_tls: bool,
}

/// A file that goes along.
#[derive(Debug, Clone, Default)]
pub struct OutgoingFile {
    /// Its name; empty when it has none.
    pub filename: String,
    /// Its media type.
    pub content_type: String,
    /// Its octets.
    pub content: Bytes,
    /// What the HTML refers to it by, without angle brackets.
    pub content_id: Option<String>,
    /// Meant to be shown within the HTML; what the HTML refers to is so anyway.
    pub is_inline: bool,
}

/// A message that somebody else wrote down.
#[derive(Debug, Clone, Default)]
pub struct OutgoingSource {
    /// The whole source.
    pub raw: Bytes,
    /// Recipients on the suppression list do not get it, instead of refusing the message.
    pub skip_suppressed: bool,
    /// It goes over verified TLS all the way to its recipients, or not at all (RFC 8689).
    pub require_tls: bool,
}
