//! Reports that mail systems make about messages: what became of one (RFC 3464), who complained about one (RFC 5965).
//!
//! Everything in a report is what its sender claims. Whether that matters is for the caller to decide, by the address that
//! the report came to.

mod delivery;
mod feedback;
mod informal;
mod parts;

pub use delivery::{Action, DeliveryReport, RecipientStatus};
pub use feedback::FeedbackReport;

use delivery::delivery;
use feedback::feedback;
use informal::informal;
use parts::Parts;

use crate::limits::REPORT_TEXT_CHARS_MAX;

/// A report about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// What became of it.
    Delivery(DeliveryReport),
    /// Somebody complained about it.
    Feedback(FeedbackReport),
}

/// What a report shows of the message that it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginalMessage {
    /// Its Message-ID, with angle brackets.
    pub message_id: Option<String>,
    /// Where its last server said that its return path is.
    pub return_path: Option<String>,
}

/// Reads a report; `None` for any other message. Total, linear in the length of `raw`.
#[must_use]
pub fn report(raw: &[u8]) -> Option<Report> {
    let parts = Parts::of(raw);
    if let Some(fields) = &parts.feedback {
        return Some(Report::Feedback(feedback(fields, &parts)));
    }
    if let Some(fields) = &parts.delivery {
        return Some(Report::Delivery(delivery(fields, &parts)));
    }
    informal(raw).map(Report::Delivery)
}

/// Bounds a text of a report, which is one line without controls.
fn short(text: &str) -> String {
    let plain = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one });
    let text: String = plain.take(REPORT_TEXT_CHARS_MAX).collect();
    text.trim().to_owned()
}

/// Returns the address of a typed field such as `rfc822; bo@shop.example`, without angle brackets.
fn address(value: &str) -> Option<String> {
    let text = value.split_once(';').map_or(value, |(_, address)| address);
    let text = text.trim();
    let text = text.strip_prefix('<').unwrap_or(text);
    let text = text.strip_suffix('>').unwrap_or(text);
    let is_one =
        text.contains('@') && !text.contains(|one: char| one.is_whitespace() || one.is_control());
    is_one.then(|| short(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_control_character_is_none() {
        assert_eq!(address("<a\u{18}@b.example>"), None);
        assert_eq!(
            address("rfc822; <a@b.example>").as_deref(),
            Some("a@b.example")
        );
    }
}
