//! A parsed message as spam scoring looks at it.

use std::borrow::Cow;

use posthouse_mime::ParsedMessage;
use posthouse_net::authentication::Verdicts;
use posthouse_net::authentication::verdict::{DkimResult, DmarcResult, Policy, SpfResult};
use posthouse_rules::spam::{self, Asked, Attached, Authentication, Findings, Letter, Outcome};

use super::limits::TEXT_CHARS_MAX;

/// Where a message came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope<'a> {
    /// What the peer called itself; empty when there was none.
    pub(crate) helo: &'a str,
    /// Domains of the recipients here.
    pub(crate) our_domains: &'a [&'a str],
    /// In seconds since 1970.
    pub(crate) arrived_at: i64,
    /// What the checks of the sender said.
    pub(crate) authentication: Option<Authentication>,
}

/// Looks at a message; with features for the classifier when there is a seed. Reads the whole body: not for async threads when
/// that is large.
pub(crate) fn examine(
    raw: &[u8],
    message: &ParsedMessage,
    envelope: &Envelope<'_>,
    seed: Option<u64>,
) -> Findings {
    let headers = posthouse_mime::headers(raw);
    let text = match (&message.html, &message.text) {
        (Some(html), _) => Cow::Owned(posthouse_mime::visible_text(html, TEXT_CHARS_MAX)),
        (None, Some(text)) => Cow::Borrowed(text.as_str()),
        (None, None) => Cow::Borrowed(""),
    };
    let attachments: Vec<Attached<'_>> = message
        .attachments
        .iter()
        .map(|file| Attached {
            filename: &file.filename,
            content_type: &file.content_type,
            is_inline: file.is_inline,
        })
        .collect();
    let letter = Letter {
        headers: &headers,
        subject: &message.subject,
        from: &message.from,
        reply_to: &message.reply_to,
        addressed: message.to.len() + message.cc.len(),
        our_domains: envelope.our_domains,
        date_at: message.date,
        arrived_at: envelope.arrived_at,
        is_reply: !message.in_reply_to.is_empty() || !message.references.is_empty(),
        sender_ambiguous: message.sender_ambiguous,
        ambiguous_structure: message.ambiguous_structure,
        text: &text,
        html: message.html.as_deref(),
        attachments: &attachments,
        helo: envelope.helo,
        authentication: envelope.authentication,
    };
    spam::examine(&letter, seed)
}

/// Returns what the checks said, as scoring takes it.
pub(crate) fn authentication(verdicts: &Verdicts, trusted_sealers: &[String]) -> Authentication {
    let spf = verdicts.spf.as_ref().map(|spf| spf.result);
    let dkim = &verdicts.dkim;
    let dmarc = verdicts.dmarc.as_ref();
    Authentication {
        spf: match spf {
            Some(SpfResult::Pass) => Outcome::Pass,
            Some(SpfResult::SoftFail) => Outcome::SoftFail,
            Some(SpfResult::Fail) => Outcome::Fail,
            _ => Outcome::Unknown,
        },
        dkim: if dkim.iter().any(|one| one.result == DkimResult::Pass) {
            Outcome::Pass
        } else if dkim.iter().any(|one| one.result == DkimResult::Fail) {
            Outcome::Fail
        } else {
            Outcome::Unknown
        },
        dmarc: match dmarc.map(|dmarc| dmarc.result) {
            Some(DmarcResult::Pass) => Outcome::Pass,
            Some(DmarcResult::Fail) => Outcome::Fail,
            _ => Outcome::Unknown,
        },
        policy: match dmarc.and_then(|dmarc| dmarc.policy) {
            Some(Policy::Quarantine) => Asked::Quarantine,
            Some(Policy::Reject) => Asked::Reject,
            Some(Policy::None) | None => Asked::Nothing,
        },
        is_vouched_for: verdicts.is_vouched_for(trusted_sealers),
    }
}
