//! What was found, without what was found.

use std::fmt;

use crate::policy::GuardAction;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The message as a whole.
    Message,
    /// Whom it goes to.
    Recipients,
    /// The subject.
    Subject,
    /// Another field of a header, by its name; empty when its name is not to be shown.
    Header(String),
    /// What holds parts together: names of fields, lines between parts, parameters.
    Structure,
    /// The plain text.
    Text,
    /// What a reader sees of the HTML.
    Html,
    /// What no reader sees of the HTML.
    HiddenHtml,
    /// The HTML as it is written.
    HtmlSource,
    /// The name of the file with this number, from 1.
    FileName(usize),
    /// What is in the file with this number, from 1.
    File(usize),
}

impl Place {
    /// Tells whether it holds what other places hold too.
    pub(super) fn is_another_reading(&self) -> bool {
        match self {
            Self::Html | Self::HiddenHtml | Self::HtmlSource | Self::Structure => true,
            // Their parameters are told as what they are.
            Self::Header(name) => name
                .get(..8)
                .is_some_and(|head| head.eq_ignore_ascii_case("content-")),
            _ => false,
        }
    }

    /// Tells whether the same octets are read in several ways there.
    pub(super) fn has_readings(&self) -> bool {
        matches!(self, Self::File(_) | Self::FileName(_) | Self::HtmlSource)
    }

    /// Returns the name that machines read.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Recipients => "recipients",
            Self::Subject => "subject",
            Self::Header(_) => "header",
            Self::Structure => "structure",
            Self::Text => "text",
            Self::Html => "html",
            Self::HiddenHtml => "hidden_html",
            Self::HtmlSource => "html_source",
            Self::FileName(_) => "attachment_name",
            Self::File(_) => "attachment",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => f.write_str("the message"),
            Self::Recipients => f.write_str("the recipients"),
            Self::Subject => f.write_str("the subject"),
            Self::Header(name) if name.is_empty() => f.write_str("a header field"),
            Self::Structure => f.write_str("the structure of the message"),
            Self::Header(name) => write!(f, "the header field {name}"),
            Self::Text => f.write_str("the plain text"),
            Self::Html => f.write_str("the HTML"),
            Self::HiddenHtml => f.write_str("hidden text of the HTML"),
            Self::HtmlSource => f.write_str("the source of the HTML"),
            Self::FileName(number) => write!(f, "the name of attachment {number}"),
            Self::File(number) => write!(f, "attachment {number}"),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindingKind {
    /// A key, a token or a password.
    Secret {
        /// In words, with its article.
        what: &'static str,
    },
    /// The number of a payment card.
    PaymentCard {
        /// Who issues such cards.
        issuer: &'static str,
    },
    /// What an operator's pattern matches.
    Pattern {
        /// The name of the pattern.
        name: String,
    },
    /// Somebody who has never written to the account.
    FirstTimeRecipient,
    /// A file that runs when it is opened, or of a type that is not allowed.
    AttachmentType {
        /// What is wrong with it, in words.
        why: &'static str,
    },
    /// The message is longer than what is read of it.
    Unread,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// What the policy wants done.
    pub response: GuardAction,
    /// Where it is.
    pub place: Place,
    /// Characters of the place before it.
    pub position: usize,
    /// What may be shown of it: never enough to use it.
    pub excerpt: String,
}

impl Finding {
    /// Returns the member of `outbound_guard` that asked for it.
    #[must_use]
    pub fn detector(&self) -> &'static str {
        match self.kind {
            FindingKind::Secret { .. } => "secrets",
            FindingKind::PaymentCard { .. } => "payment_cards",
            FindingKind::Pattern { .. } => "patterns",
            FindingKind::FirstTimeRecipient => "first_time_recipients",
            FindingKind::AttachmentType { .. } => "attachment_types",
            FindingKind::Unread => "unread",
        }
    }
}

/// In words, for answers, events and the audit log.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FindingKind::Secret { what } => write!(f, "{what}"),
            FindingKind::PaymentCard { issuer } => {
                let article = if issuer.starts_with('A') { "an" } else { "a" };
                write!(f, "the number of {article} {issuer} card")
            }
            FindingKind::Pattern { name } => write!(f, "what the pattern \"{name}\" matches"),
            FindingKind::FirstTimeRecipient => {
                return write!(f, "{} has never written to this account", self.excerpt);
            }
            FindingKind::AttachmentType { why } => write!(f, "{why}"),
            FindingKind::Unread => {
                return f.write_str(
                    "some of the message cannot be read: it is too long, or written down in a way that the guard \
                     does not know",
                );
            }
        }?;
        if !self.excerpt.is_empty() {
            write!(f, " {}", self.excerpt)?;
        }
        write!(f, " in {}", self.place)?;
        match self.kind {
            FindingKind::AttachmentType { .. } => Ok(()),
            _ => write!(f, " at character {}", self.position + 1),
        }
    }
}
