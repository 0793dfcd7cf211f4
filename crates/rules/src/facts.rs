//! What is known of a message when rules look at it.

use std::collections::BTreeSet;
use std::sync::Arc;

use posthouse_types::address::EmailAddress;

use crate::fold::folded;
use crate::headers::Headers;
use crate::limits::TLD_LABELS_MAX;
use crate::rule::{Field, Rule, Trigger};

/// Where a message is when rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i64)]
pub enum Stage {
    /// A peer has named sender and recipient.
    SmtpRcpt = 1,
    /// All of it is here and about to be stored.
    InboxProcessing = 2,
    /// An account sends it.
    OutboundSend = 3,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SmtpRcpt, Self::InboxProcessing, Self::OutboundSend];

    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SmtpRcpt => "smtp_rcpt",
            Self::InboxProcessing => "inbox_processing",
            Self::OutboundSend => "outbound_send",
        }
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// Returns what a stored number stands for.
    #[must_use]
    pub fn from_stored(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage as i64 == number)
    }

    /// Returns the trigger of the rules that look.
    #[must_use]
    pub fn trigger(self) -> Trigger {
        match self {
            Self::SmtpRcpt | Self::InboxProcessing => Trigger::Inbound,
            Self::OutboundSend => Trigger::Outbound,
        }
    }

    /// Tells whether a rule looks at messages here.
    #[must_use]
    pub fn asks(self, rule: &Rule) -> bool {
        rule.enabled
            && rule.trigger == self.trigger()
            && (self != Self::SmtpRcpt || rule.is_for_the_envelope())
    }
}

/// Whether an account begins something or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboundType {
    /// It answers nothing that is in its mailbox.
    Compose,
    /// It answers a message of its mailbox.
    Reply,
}

impl OutboundType {
    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Reply => "reply",
        }
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Compose, Self::Reply]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// Somebody who sends or receives: an address that was parsed once, at the door, or a text that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    address: Option<EmailAddress>,
    text: String,
    /// The text with its domain in its own letters, where that differs.
    in_letters: Option<String>,
}

impl Party {
    /// Takes over an address.
    #[must_use]
    pub fn new(address: EmailAddress) -> Self {
        let text = address.folded();
        let domain = address.domain();
        let in_letters = domain.as_str().contains("xn--").then(|| {
            let local = &text[..text.len() - domain.as_str().len()];
            format!("{local}{}", folded(&domain.to_unicode()))
        });
        Self {
            text,
            in_letters,
            address: Some(address),
        }
    }

    /// Takes over what a received header shows in place of an address: it equals no address and is on no list, so
    /// that it counts as a stranger instead of as nobody.
    #[must_use]
    pub fn unreadable(text: &str) -> Self {
        Self {
            address: None,
            text: folded(text.trim()),
            in_letters: None,
        }
    }

    /// Returns the address as it is on the wire, or the text that is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.address {
            Some(address) => address.as_str(),
            None => &self.text,
        }
    }

    /// Returns the address in lower case, as it is compared.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.text
    }

    /// Returns the address.
    #[must_use]
    pub fn address(&self) -> Option<&EmailAddress> {
        self.address.as_ref()
    }

    /// Returns the domain as A-labels; `None` where there is none, or an IP address instead.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        let domain = self.address.as_ref()?.domain();
        domain.literal().is_none().then_some(domain.as_str())
    }

    /// Returns the address as it is compared, and with its domain in its own letters where that differs.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.folded()).chain(self.in_letters.as_deref())
    }

    /// Returns the domain in the same spellings.
    pub(crate) fn domain_spellings(&self) -> impl Iterator<Item = &str> {
        let in_letters = self.in_letters.as_deref();
        let in_letters = in_letters.and_then(|text| Some(text.rsplit_once('@')?.1));
        self.domain().into_iter().chain(in_letters)
    }

    /// Returns the last label of the domain.
    #[must_use]
    pub fn tld(&self) -> Option<&str> {
        self.endings().next()
    }

    /// Returns the endings of the domain, shortest first: `uk`, `co.uk`, `shop.co.uk`.
    pub fn endings(&self) -> impl Iterator<Item = &str> {
        let named = self.address.as_ref().map(EmailAddress::domain);
        let text = named
            .filter(|domain| domain.literal().is_none())
            .map_or("", |domain| domain.as_str());
        let dots = text.rmatch_indices('.').map(|(at, _)| &text[at + 1..]);
        let whole = (!text.is_empty()).then_some(text);
        dots.chain(whole).take(TLD_LABELS_MAX)
    }
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttachmentFact {
    /// As its sender named it.
    pub filename: String,
    /// In lower case, without parameters.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
}

/// What is known of a message. What is not known matches nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Where the message is.
    pub stage: Stage,
    /// Who wrote it; inbound also the envelope sender. Empty at [`Stage::SmtpRcpt`] for the null sender.
    pub from: Arc<[Party]>,
    /// Outbound: To, Cc, Bcc and the envelope, each once.
    pub recipients: Vec<Party>,
    /// Inbound: the addresses of the mailbox that it is delivered to, each once: aliases and plus forms.
    pub envelope_recipients: Vec<Party>,
    /// In lower case.
    pub subject: Option<Arc<str>>,
    /// The fields of the header that rules ask for.
    pub headers: Arc<Headers>,
    /// In MIME order; `None` while the message is not here.
    pub attachments: Option<Arc<[AttachmentFact]>>,
    /// Inbound, where it was judged.
    pub spam_score: Option<f64>,
    /// Outbound.
    pub outbound_type: Option<OutboundType>,
    /// Outbound: whether every recipient has written to the account before, where a rule asks.
    pub recipient_known: Option<bool>,
}

impl Facts {
    /// Returns facts that know nothing but where the message is.
    #[must_use]
    pub fn at(stage: Stage) -> Self {
        Self {
            stage,
            from: Arc::default(),
            recipients: Vec::new(),
            envelope_recipients: Vec::new(),
            subject: None,
            headers: Arc::default(),
            attachments: None,
            spam_score: None,
            outbound_type: None,
            recipient_known: None,
        }
    }
}

/// What has to be gathered for rules beyond what every message has at hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Fields of the header, by their names in lower case.
    pub headers: BTreeSet<String>,
    /// Whether the recipients have written before.
    pub recipient_known: bool,
    /// Whether the message answers one of the mailbox.
    pub outbound_type: bool,
}

impl Needs {
    /// Returns what the rules ask for that look at messages at `stage`.
    #[must_use]
    pub fn of(rules: &[Rule], stage: Stage) -> Self {
        let mut needs = Self::default();
        needs.add(rules, stage);
        needs
    }

    /// Adds what further rules ask for.
    pub fn add(&mut self, rules: &[Rule], stage: Stage) {
        let asking = rules.iter().filter(|rule| stage.asks(rule));
        for condition in asking.flat_map(|rule| &rule.matching.conditions) {
            match &condition.field {
                Field::Header(name) => drop(self.headers.insert(name.clone())),
                Field::RecipientKnown => self.recipient_known = true,
                Field::OutboundType => self.outbound_type = true,
                _ => {}
            }
        }
    }
}
