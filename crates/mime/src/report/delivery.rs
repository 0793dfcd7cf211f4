//! Delivery status notifications, RFC 3464.

use super::parts::{Group, Parts, first};
use super::{OriginalMessage, address, short};
use crate::limits::REPORT_RECIPIENTS_MAX;

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// What the message was called in its envelope (RFC 3461 4.4).
    pub original_envelope_id: Option<String>,
    /// One for each recipient that the report is about.
    pub recipients: Vec<RecipientStatus>,
    /// The message.
    pub original: OriginalMessage,
}

/// What became of a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientStatus {
    /// The address as the message was sent to it, if the report says so.
    pub original_recipient: Option<String>,
    /// The address as the reporting server had it.
    pub final_recipient: Option<String>,
    /// What was done.
    pub action: Action,
    /// The enhanced status: `5.1.1`.
    pub status: Option<String>,
    /// Why, in the words of a server, without the type in front: `550 5.1.1 no such user`.
    pub diagnostic: Option<String>,
}

/// What a server did with a message, RFC 3464 2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It gave up.
    Failed,
    /// It tries again.
    Delayed,
    /// It put the message into a mailbox.
    Delivered,
    /// It handed the message on to a server that does not report.
    Relayed,
    /// It handed the message on to several.
    Expanded,
}

impl Action {
    fn of(word: &str) -> Option<Self> {
        let word = word.split(['(', ' ']).next().unwrap_or_default();
        match word.to_ascii_lowercase().as_str() {
            "failed" => Some(Self::Failed),
            "delayed" => Some(Self::Delayed),
            "delivered" => Some(Self::Delivered),
            "relayed" => Some(Self::Relayed),
            "expanded" => Some(Self::Expanded),
            _ => None,
        }
    }
}

pub(super) fn delivery(groups: &[Group], parts: &Parts) -> DeliveryReport {
    let mut report = DeliveryReport {
        original: parts.original.clone(),
        ..DeliveryReport::default()
    };
    for group in groups {
        if let Some(id) = first(group, "original-envelope-id") {
            report.original_envelope_id.get_or_insert_with(|| short(id));
        }
        if report.recipients.len() < REPORT_RECIPIENTS_MAX {
            report.recipients.extend(recipient(group));
        }
    }
    report
}

/// Reads a group about a recipient; the group about the message is none.
fn recipient(group: &Group) -> Option<RecipientStatus> {
    let final_recipient = first(group, "final-recipient").and_then(address);
    let original_recipient = first(group, "original-recipient").and_then(address);
    if final_recipient.is_none() && original_recipient.is_none() {
        return None;
    }
    let status = first(group, "status").and_then(status);
    let named = first(group, "action").and_then(Action::of);
    // Some leave the action out; a permanent status says it as well.
    let action = named.or_else(|| {
        let is_permanent = status.as_ref()?.starts_with('5');
        is_permanent.then_some(Action::Failed)
    })?;
    let diagnostic = first(group, "diagnostic-code").map(|value| {
        let text = value.split_once(';').map_or(value, |(_, text)| text);
        short(text)
    });
    Some(RecipientStatus {
        original_recipient,
        final_recipient,
        action,
        status,
        diagnostic: diagnostic.filter(|text| !text.is_empty()),
    })
}

/// Reads `5.1.1 (no such user)`.
fn status(value: &str) -> Option<String> {
    let word = value.split([' ', '(']).next().unwrap_or_default();
    let numbers: Vec<&str> = word.split('.').collect();
    let is_one = numbers.len() == 3
        && numbers.iter().all(|number| {
            (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
        });
    is_one.then(|| word.to_owned())
}
