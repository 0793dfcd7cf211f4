//! What a parsed message looks like from outside.

use posthouse_types::address::DisplayAddress;

/// Everything listing, threading and rules need of a message, read once when it arrives.
///
/// All text is valid UTF-8 without NUL, whatever the bytes were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedMessage {
    /// The `Message-ID`, with its angle brackets.
    pub message_id: Option<String>,
    /// The ids of `In-Reply-To`, with their angle brackets, in order.
    pub in_reply_to: Vec<String>,
    /// The ids of `References`, with their angle brackets, oldest first.
    pub references: Vec<String>,
    /// The decoded subject; empty when there is none.
    pub subject: String,
    /// The mailboxes of the first `From` field. See [`ParsedMessage::sender_ambiguous`].
    pub from: Vec<DisplayAddress>,
    /// The mailboxes of all further `From` fields, which some readers take instead. Empty in honest mail.
    pub further_from: Vec<DisplayAddress>,
    /// The mailboxes of all `To` fields; groups are flattened.
    pub to: Vec<DisplayAddress>,
    /// The mailboxes of all `Cc` fields.
    pub cc: Vec<DisplayAddress>,
    /// The mailboxes of all `Bcc` fields.
    pub bcc: Vec<DisplayAddress>,
    /// The mailboxes of all `Reply-To` fields.
    pub reply_to: Vec<DisplayAddress>,
    /// The `Date` in seconds since 1970 UTC; none when missing or unreadable.
    pub date: Option<i64>,
    /// The plain text to read.
    pub text: Option<String>,
    /// The HTML to read. Hostile until sanitised.
    pub html: Option<String>,
    /// The first [`SNIPPET_CHARS_MAX`](crate::limits::SNIPPET_CHARS_MAX) characters of visible text, white space collapsed.
    pub snippet: String,
    /// Every part that is not shown in `text` or `html`, in order.
    pub attachments: Vec<Attachment>,
    /// Parts in which some reader may find files that are not among the attachments, in order. Empty in honest mail.
    pub suspects: Vec<Suspect>,
    /// The number of `Received` fields, for loop control.
    pub received_hops: usize,
    /// The values of the `Delivered-To` fields, topmost first.
    pub delivered_to: Vec<String>,
    /// A cap of [`limits`](crate::limits) was hit, and what lies beyond it was not looked at.
    pub parse_truncated: bool,
    /// Another reader may see other parts than these: doubtful boundaries, repeated structure fields.
    pub ambiguous_structure: bool,
    /// There is not exactly one `From` field with exactly one plain mailbox that all readers would find; or `Sender` is there
    /// more than once, or with anything but one plain mailbox.
    pub sender_ambiguous: bool,
}

impl ParsedMessage {
    /// Returns every author that some reader could see: all addresses of all `From` fields, in order.
    pub fn from_all(&self) -> impl Iterator<Item = &DisplayAddress> {
        self.from.iter().chain(&self.further_from)
    }

    /// Returns the HTML if there is any, else the plain text, else nothing.
    pub fn body(&self) -> &str {
        self.html
            .as_deref()
            .or(self.text.as_deref())
            .unwrap_or_default()
    }
}

/// A part that is kept beside the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The number [`decode_part`](crate::decode_part) understands; the same for the same bytes, always.
    pub part: u32,
    /// The file name to show: one reading, without path, control or direction characters. Never empty.
    pub filename: String,
    /// Every name some reader could see, for type policies. Empty when the message gives no name.
    pub readings: Vec<String>,
    /// The declared media type in lower case without parameters; `application/octet-stream` when unreadable.
    pub content_type: String,
    /// The size in octets after transfer decoding.
    pub size: u64,
    /// The `Content-ID` without angle brackets.
    pub content_id: Option<String>,
    /// The disposition in lower case without parameters.
    pub content_disposition: Option<String>,
    /// Meant to be shown within the HTML rather than listed.
    pub is_inline: bool,
}

/// A part in which some reader may find files that nobody sees here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspect {
    /// The part as a file; it may be one of the attachments, or a multipart with all that is in it.
    pub file: Attachment,
    /// What is suspect about it.
    pub suspicion: Suspicion,
}

/// What is suspect about a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Suspicion {
    /// It is read as a text of the body, but others may take it for a file: it has a name, is another kind of text, or none.
    Named,
    /// Its fields or boundaries can be read in several ways, or there are more of them than are read.
    Ambiguous,
    /// It was not looked into: too deep within others, or it is what lies behind the last part that is counted, which [`replace_parts`](crate::replace_parts) understands and [`decode_part`](crate::decode_part) does not.
    #[default]
    Unread,
}
