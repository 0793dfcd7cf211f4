//! Bounces of mail systems that never heard of RFC 3464: as much as names the recipients.

use super::delivery::{Action, DeliveryReport, RecipientStatus};
use super::{address, short};
use crate::limits::{REPORT_BYTES_MAX, REPORT_RECIPIENTS_MAX};

/// The field in which Exim names the recipients.
const FAILED_RECIPIENTS: &str = "x-failed-recipients";

/// How every bounce of qmail begins.
const QMAIL: &str = "This is the qmail-send program";

pub(super) fn informal(raw: &[u8]) -> Option<DeliveryReport> {
    let header = crate::header_section(raw);
    let recipients = of_exim(header).or_else(|| of_qmail(&raw[header.len()..]))?;
    Some(DeliveryReport {
        recipients,
        ..DeliveryReport::default()
    })
}

fn of_exim(header: &[u8]) -> Option<Vec<RecipientStatus>> {
    let has_field = header
        .windows(FAILED_RECIPIENTS.len())
        .any(|window| window.eq_ignore_ascii_case(FAILED_RECIPIENTS.as_bytes()));
    if !has_field {
        return None;
    }
    let fields = crate::headers(header);
    let (_, value) = fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(FAILED_RECIPIENTS))?;
    let recipients: Vec<RecipientStatus> = value
        .split(',')
        .filter_map(address)
        .take(REPORT_RECIPIENTS_MAX)
        .map(|address| failed(address, None))
        .collect();
    (!recipients.is_empty()).then_some(recipients)
}

/// Paragraphs such as `<gone@nowhere.example>:` with the reason in the lines below.
fn of_qmail(body: &[u8]) -> Option<Vec<RecipientStatus>> {
    let body = String::from_utf8_lossy(&body[..body.len().min(REPORT_BYTES_MAX)]);
    if !body.lines().take(5).any(|line| line.contains(QMAIL)) {
        return None;
    }
    let mut recipients: Vec<RecipientStatus> = Vec::new();
    let mut is_reason = false;
    for line in body.lines() {
        // The message itself follows.
        if line.starts_with("---") {
            break;
        }
        if line.starts_with('<') && line.ends_with(">:") && recipients.len() < REPORT_RECIPIENTS_MAX
        {
            let named = address(line.trim_end_matches(':'));
            is_reason = named.is_some();
            recipients.extend(named.map(|address| failed(address, None)));
        } else if line.trim().is_empty() {
            is_reason = false;
        } else if let Some(last) = recipients.last_mut().filter(|_| is_reason) {
            let so_far = last.diagnostic.take().unwrap_or_default();
            last.diagnostic = Some(short(&format!("{so_far} {line}")));
        }
    }
    (!recipients.is_empty()).then_some(recipients)
}

fn failed(address: String, diagnostic: Option<String>) -> RecipientStatus {
    RecipientStatus {
        original_recipient: None,
        final_recipient: Some(address),
        action: Action::Failed,
        status: None,
        diagnostic,
    }
}
