//! Attachments that a policy does not let in: taken out of the copies of the accounts that it governs, with a note in their
//! places, and told in the evaluation.
//!
//! Accounts for whom the same is taken out share one message; the others get what was sent, octet for octet. The sender is
//! judged by what was sent, before.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use posthouse_mime::{ParsedMessage, Replacement};
use posthouse_rules::policy::sniff::SNIFFED_BYTES;
use posthouse_rules::policy::{AttachmentReadings, Effective, Limit};
use serde_json::{Value, json};

use super::inbound::{Governed, InboundVerdict};
use crate::receive::{InboundDelivery, Recipient};

/// The name under which a note is found.
const NOTE_NAME: &str = "removed-attachment.txt";
/// Attachments that an evaluation names; what is dropped beyond is dropped all the same.
const NAMED_MAX: usize = 100;

/// Bytes of all forms of one message together.
const FORMS_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why an attachment is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// Something that a reader could take it for is not allowed.
    Type,
    /// It is too large.
    Size,
    /// There are too many before it.
    Count,
}

impl DropReason {
    fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Count => "count",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Type => "its type is not allowed here",
            Self::Size => "it is larger than is allowed here",
            Self::Count => "the message has more attachments than are allowed here",
        }
    }
}

/// An attachment that is taken out: its place among the attachments of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped {
    place: usize,
    reason: DropReason,
}

/// Returns what a policy does not let in, in the order of the message.
pub(crate) fn dropped(effective: &Effective, raw: &[u8], message: &ParsedMessage) -> Vec<Dropped> {
    if message.attachments.is_empty() {
        return Vec::new();
    }
    let size = effective.limit(Limit::AttachmentBytes).unwrap_or(u64::MAX);
    let count = effective.limit(Limit::AttachmentCount).unwrap_or(u64::MAX);
    let heads = if effective.allowed_types.is_empty() {
        Vec::new()
    } else {
        let parts: Vec<u32> = message.attachments.iter().map(|one| one.part).collect();
        posthouse_mime::part_heads(raw, &parts, SNIFFED_BYTES)
    };
    let mut kept = 0;
    let mut out = Vec::new();
    for (place, attachment) in message.attachments.iter().enumerate() {
        let readings = AttachmentReadings {
            declared: &attachment.content_type,
            names: &attachment.readings,
            shown_name: &attachment.filename,
            head: heads.get(place).map_or(&[][..], Vec::as_slice),
        };
        let reason = if !effective.allows_type(&readings) {
            DropReason::Type
        } else if attachment.size > size {
            DropReason::Size
        } else if kept >= count {
            DropReason::Count
        } else {
            kept += 1;
            continue;
        };
        out.push(Dropped { place, reason });
    }
    out
}

/// Recipients whose copies are made of the same octets.
pub(crate) struct Group {
    /// The delivery to them.
    pub(crate) delivery: InboundDelivery,
    /// What they get, where it is not what was sent.
    pub(crate) message: Option<ParsedMessage>,
    /// In the order of the delivery's recipients.
    pub(crate) verdicts: Vec<InboundVerdict>,
    /// Their places among the recipients of the whole.
    pub(crate) places: Vec<usize>,
}

/// Parts a delivery into what each recipient's policy lets in; those who get all of it come first, if there are any. `None`
/// when that would be more forms of a message of this size than are made at once: each recipient by itself is served.
pub(crate) fn part(
    delivery: InboundDelivery,
    message: &ParsedMessage,
    governed: &mut Governed,
) -> Option<Vec<Group>> {
    let verdicts = std::mem::take(&mut governed.verdicts);
    let outcomes = outcomes(&delivery, message, &verdicts);
    if outcomes.iter().all(Vec::is_empty) {
        let places = (0..delivery.recipients.len()).collect();
        return Some(vec![Group {
            delivery,
            message: None,
            verdicts,
            places,
        }]);
    }
    let mut kinds: Vec<&Vec<Dropped>> = outcomes.iter().collect();
    kinds.sort_by_key(|kind| kind.len());
    let mut distinct: Vec<&Vec<Dropped>> = Vec::new();
    for kind in kinds {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
    }
    if distinct.len() > 1 && delivery.raw.len().saturating_mul(distinct.len()) > FORMS_BYTES_MAX {
        return None;
    }
    let groups = distinct
        .into_iter()
        .map(|kind| group(&delivery, message, &verdicts, &outcomes, kind));
    Some(groups.collect())
}

/// Returns what is dropped for each recipient; recipients under one policy are judged once.
fn outcomes(
    delivery: &InboundDelivery,
    message: &ParsedMessage,
    verdicts: &[InboundVerdict],
) -> Vec<Vec<Dropped>> {
    let mut judged: Vec<(Arc<Effective>, Vec<Dropped>)> = Vec::new();
    let mut outcomes = Vec::with_capacity(verdicts.len());
    for verdict in verdicts {
        let Some(standing) = &verdict.standing else {
            outcomes.push(Vec::new());
            continue;
        };
        let known = judged
            .iter()
            .find(|(effective, _)| Arc::ptr_eq(effective, &standing.policy));
        let outcome = match known {
            Some((_, outcome)) => outcome.clone(),
            None => {
                let outcome = dropped(&standing.policy, &delivery.raw, message);
                judged.push((Arc::clone(&standing.policy), outcome.clone()));
                outcome
            }
        };
        outcomes.push(outcome);
    }
    outcomes
}

fn group(
    delivery: &InboundDelivery,
    message: &ParsedMessage,
    verdicts: &[InboundVerdict],
    outcomes: &[Vec<Dropped>],
    kind: &Vec<Dropped>,
) -> Group {
    let members: Vec<usize> = (0..outcomes.len())
        .filter(|place| outcomes[*place] == *kind)
        .collect();
    let recipients: Vec<Recipient> = members
        .iter()
        .map(|place| delivery.recipients[*place].clone())
        .collect();
    let mut own = InboundDelivery {
        recipients,
        ..delivery.clone()
    };
    let mut verdicts: Vec<InboundVerdict> = members
        .iter()
        .map(|place| verdicts[*place].clone())
        .collect();
    let mut lessened = None;
    if !kind.is_empty() {
        own.raw = Bytes::from(without(&delivery.raw, message, kind));
        lessened = Some(posthouse_mime::parse(&own.raw));
        for (verdict, recipient) in verdicts.iter_mut().zip(&own.recipients) {
            verdict.note_dropped(delivery, message, recipient, shown(message, kind));
        }
    }
    Group {
        delivery: own,
        message: lessened,
        verdicts,
        places: members,
    }
}

/// Returns the message with notes in the places of attachments.
fn without(raw: &[u8], message: &ParsedMessage, dropped: &[Dropped]) -> Vec<u8> {
    let replacements: Vec<Replacement> = dropped
        .iter()
        .map(|one| {
            let attachment = &message.attachments[one.place];
            let mut note = String::new();
            // Writing to a string cannot fail.
            let _ = write!(
                note,
                "An attachment was removed: {}.\r\n\r\nName: {}\r\nType: {}\r\nSize: {} bytes\r\n",
                one.reason.sentence(),
                attachment.filename,
                attachment.content_type,
                attachment.size
            );
            Replacement {
                part: attachment.part,
                note,
                filename: NOTE_NAME,
            }
        })
        .collect();
    posthouse_mime::replace_parts(raw, &replacements)
}

/// Returns what evaluations tell of attachments that were taken out.
fn shown(message: &ParsedMessage, dropped: &[Dropped]) -> Vec<Value> {
    let named = dropped.iter().take(NAMED_MAX);
    named
        .map(|one| {
            let attachment = &message.attachments[one.place];
            json!({
                "filename": attachment.filename,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "reason": one.reason.word(),
            })
        })
        .collect()
}
