//! What a condition looks at, and which operators it takes.

use super::{Operator, Trigger};
use crate::fold::folded;
use crate::limits::HEADER_NAME_CHARACTERS_MAX;
use crate::list::ListType;

/// Which part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// All of it.
    Address,
    /// What follows the `@`, all labels.
    Domain,
    /// The last label, or an ending where a value has several.
    Tld,
}

impl Part {
    const ALL: [Self; 3] = [Self::Address, Self::Domain, Self::Tld];

    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Domain => "domain",
            Self::Tld => "tld",
        }
    }

    /// Returns the type of the lists that a part is looked up in.
    #[must_use]
    pub fn list_type(self) -> ListType {
        match self {
            Self::Address => ListType::Address,
            Self::Domain => ListType::Domain,
            Self::Tld => ListType::Tld,
        }
    }
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// `from.*`: the author's addresses and, inbound, the envelope sender.
    From(Part),
    /// `recipient.*`: To, Cc, Bcc and the envelope.
    Recipient(Part),
    /// `outbound.type`.
    OutboundType,
    /// `recipient.known`.
    RecipientKnown,
    /// `envelope.recipient`: the address that is delivered to.
    EnvelopeRecipient,
    /// `subject`.
    Subject,
    /// `header.<name>`; the name in lower case.
    Header(String),
    /// `spam.score`.
    SpamScore,
    /// `has_attachment`.
    HasAttachment,
    /// `attachment.type`.
    AttachmentType,
}

use Operator::{Contains, Gte, InList, Is, IsNot, Lte, NotInList};

impl Field {
    /// Returns the field that a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let part = |name: &str| Part::ALL.into_iter().find(|part| part.name() == name);
        if let Some(name) = name.strip_prefix("from.") {
            return part(name).map(Self::From);
        }
        if let Some(name) = name.strip_prefix("header.") {
            return is_header_name(name).then(|| Self::Header(folded(name)));
        }
        Some(match name {
            "recipient.known" => Self::RecipientKnown,
            "outbound.type" => Self::OutboundType,
            "envelope.recipient" => Self::EnvelopeRecipient,
            "subject" => Self::Subject,
            "spam.score" => Self::SpamScore,
            "has_attachment" => Self::HasAttachment,
            "attachment.type" => Self::AttachmentType,
            name => Self::Recipient(part(name.strip_prefix("recipient.")?)?),
        })
    }

    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::From(part) => format!("from.{}", part.name()),
            Self::Recipient(part) => format!("recipient.{}", part.name()),
            Self::OutboundType => "outbound.type".to_owned(),
            Self::RecipientKnown => "recipient.known".to_owned(),
            Self::EnvelopeRecipient => "envelope.recipient".to_owned(),
            Self::Subject => "subject".to_owned(),
            Self::Header(name) => format!("header.{name}"),
            Self::SpamScore => "spam.score".to_owned(),
            Self::HasAttachment => "has_attachment".to_owned(),
            Self::AttachmentType => "attachment.type".to_owned(),
        }
    }

    /// Returns the one trigger that a field is for; `None`: both.
    #[must_use]
    pub fn trigger(&self) -> Option<Trigger> {
        match self {
            Self::Recipient(_) | Self::OutboundType | Self::RecipientKnown => {
                Some(Trigger::Outbound)
            }
            Self::EnvelopeRecipient | Self::SpamScore => Some(Trigger::Inbound),
            Self::From(_)
            | Self::Subject
            | Self::Header(_)
            | Self::HasAttachment
            | Self::AttachmentType => None,
        }
    }

    /// Returns the operators that a field takes.
    #[must_use]
    pub fn operators(&self) -> &'static [Operator] {
        match self {
            Self::From(_) | Self::Recipient(_) => &[Is, IsNot, Contains, InList, NotInList],
            Self::OutboundType => &[Is, IsNot],
            Self::RecipientKnown | Self::HasAttachment => &[Is],
            Self::EnvelopeRecipient => &[Is, IsNot, Contains, InList],
            Self::Subject | Self::Header(_) | Self::AttachmentType => &[Is, IsNot, Contains],
            Self::SpamScore => &[Gte, Lte],
        }
    }

    /// Returns the part of an address that a field is, where it is one.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        match self {
            Self::From(part) | Self::Recipient(part) => Some(*part),
            Self::EnvelopeRecipient => Some(Part::Address),
            _ => None,
        }
    }

    /// Returns the type of the lists that a field is looked up in, where it is.
    #[must_use]
    pub fn list_type(&self) -> Option<ListType> {
        self.part().map(Part::list_type)
    }

    /// Tells whether copies of one message differ in it.
    #[must_use]
    pub fn is_of_copy(&self) -> bool {
        matches!(self, Self::EnvelopeRecipient | Self::SpamScore)
    }

    /// Tells whether the envelope alone has what the field looks at.
    #[must_use]
    pub fn is_of_envelope(&self) -> bool {
        matches!(self, Self::From(_) | Self::EnvelopeRecipient)
    }
}

/// RFC 5322 3.6.8: printable ASCII except the colon.
fn is_header_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    !name.is_empty() && name.len() <= HEADER_NAME_CHARACTERS_MAX && name.bytes().all(is_plain)
}
