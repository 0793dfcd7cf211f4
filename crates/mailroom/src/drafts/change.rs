//! What is said about a draft when it is made or changed.

use posthouse_types::address::DisplayAddress;

use crate::organise::Metadata;
use crate::send::{OutgoingFile, TrackingOptions};

/// What a draft is to have; `None` keeps what it has. Where a value may be taken away, `Some(None)` does so.
#[derive(Debug, Clone, Default)]
pub struct DraftChange {
    /// The author, where it is not the account under its own name.
    pub from: Option<Option<DisplayAddress>>,
    /// The recipients.
    pub to: Option<Vec<DisplayAddress>>,
    /// The other recipients that everybody sees.
    pub cc: Option<Vec<DisplayAddress>>,
    /// The recipients that nobody else sees.
    pub bcc: Option<Vec<DisplayAddress>>,
    /// Where answers are to go, if not to the author.
    pub reply_to: Option<Vec<DisplayAddress>>,
    /// The subject.
    pub subject: Option<String>,
    /// What it says: HTML, unless it is plain text.
    pub body: Option<String>,
    /// The body is plain text and goes alone.
    pub is_plaintext: Option<bool>,
    /// All files that are to go along.
    pub files: Option<Vec<OutgoingFile>>,
    /// Further header fields: name and value.
    pub custom_headers: Option<Vec<(String, String)>>,
    /// Public id of the message of this account that it answers; its thread goes with it.
    pub reply_to_message_id: Option<Option<String>>,
    /// Public id of the thread it belongs to when it answers nothing.
    pub thread_id: Option<Option<String>>,
    /// All that the application notes down about it.
    pub metadata: Option<Metadata>,
    /// What the application wants to learn of what becomes of it.
    pub tracking: Option<Option<TrackingOptions>>,
    /// Not read yet.
    pub unread: Option<bool>,
    /// Starred.
    pub starred: Option<bool>,
}
