//! What of a message is looked at: facts that others found out.

use posthouse_types::address::DisplayAddress;

/// A message, read and asked about, as spam scoring sees it.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The header fields, decoded and unfolded, from the top down.
    pub headers: &'a [(String, String)],
    /// The decoded subject.
    pub subject: &'a str,
    /// The authors.
    pub from: &'a [DisplayAddress],
    /// Where answers are to go.
    pub reply_to: &'a [DisplayAddress],
    /// Mailboxes in To and Cc.
    pub addressed: usize,
    /// Domains the message is delivered to here, in lower case.
    pub our_domains: &'a [&'a str],
    /// The Date, in seconds since 1970; `None` when missing or unreadable.
    pub date_at: Option<i64>,
    /// When it arrived, in seconds since 1970.
    pub arrived_at: i64,
    /// Whether it refers to another message.
    pub is_reply: bool,
    /// There is not exactly one author that all readers find.
    pub sender_ambiguous: bool,
    /// Another reader may see other parts.
    pub ambiguous_structure: bool,
    /// What a reader sees of the body.
    pub text: &'a str,
    /// The HTML, if it has any.
    pub html: Option<&'a str>,
    /// What is attached.
    pub attachments: &'a [Attached<'a>],
    /// What the peer called itself.
    pub helo: &'a str,
    /// Who sent it, as far as that was found out; `None` when nothing was checked.
    pub authentication: Option<Authentication>,
}

/// A file of a message.
#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    /// The name it is shown with.
    pub filename: &'a str,
    /// The declared media type, in lower case.
    pub content_type: &'a str,
    /// It belongs to the HTML.
    pub is_inline: bool,
}

/// What SPF, DKIM and DMARC said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentication {
    /// SPF of the sender.
    pub spf: Outcome,
    /// The best of all signatures.
    pub dkim: Outcome,
    /// DMARC.
    pub dmarc: Outcome,
    /// What the author's domain asks for when DMARC fails.
    pub policy: Asked,
    /// Somebody who is believed says that it passed DMARC before it was changed on its way.
    pub is_vouched_for: bool,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is said, or the answer could not be had.
    Unknown,
    /// It passed.
    Pass,
    /// It probably should not have come.
    SoftFail,
    /// It failed.
    Fail,
}

/// What a domain asks of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing.
    Nothing,
    /// To set failing mail apart.
    Quarantine,
    /// To refuse failing mail.
    Reject,
}

impl Authentication {
    /// Tells whether the author is who he says he is.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.dmarc == Outcome::Pass || self.is_vouched_for
    }
}

impl<'a> Letter<'a> {
    /// Returns the author's address in lower case; empty when there is none.
    #[must_use]
    pub fn author(&self) -> String {
        self.from
            .first()
            .map(|author| author.email.to_lowercase())
            .unwrap_or_default()
    }

    /// Returns the values of the fields of one name.
    pub fn fields(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .take(super::limits::HEADERS_MAX)
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Returns what is behind the last `@`, in lower case.
pub(super) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Returns the first bytes of a text, never half a character.
pub(super) fn front(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
