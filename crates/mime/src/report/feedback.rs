//! Complaints, RFC 5965.

use super::parts::{Group, Parts, first};
use super::{OriginalMessage, address, short};
use crate::limits::REPORT_RECIPIENTS_MAX;

/// Somebody's complaint about a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedbackReport {
    /// What it is about, lower case: `abuse`, `fraud`, `virus`, `not-spam`, `other` or what others invent.
    pub kind: String,
    /// The envelope sender of the message.
    pub original_mail_from: Option<String>,
    /// Its envelope recipients, as far as they are told.
    pub original_recipients: Vec<String>,
    /// The message.
    pub original: OriginalMessage,
}

pub(super) fn feedback(groups: &[Group], parts: &Parts) -> FeedbackReport {
    let mut report = FeedbackReport {
        kind: "abuse".to_owned(),
        original: parts.original.clone(),
        ..FeedbackReport::default()
    };
    let Some(group) = groups.first() else {
        return report;
    };
    if let Some(kind) = first(group, "feedback-type") {
        report.kind = short(kind).to_ascii_lowercase();
    }
    report.original_mail_from = first(group, "original-mail-from").and_then(address);
    report.original_recipients = group
        .iter()
        .filter(|(name, _)| name == "original-rcpt-to")
        .filter_map(|(_, value)| address(value))
        .take(REPORT_RECIPIENTS_MAX)
        .collect();
    report
}
