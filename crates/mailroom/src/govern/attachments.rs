//! Attachments that a policy does not let in: taken out of the copies of the accounts that it governs, with a note in their
//! places, and told in the evaluation.
//!
//! Accounts for whom the same is taken out share one message; the others get what was sent, octet for octet. The sender is
//! judged by what was sent, before.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use posthouse_mime::{Attachment, ParsedMessage, Replacement, Suspicion};
use posthouse_rules::policy::sniff::SNIFFED_BYTES;
use posthouse_rules::policy::{AttachmentReadings, Effective, Limit, TypePattern};
use serde_json::{Value, json};

use super::inbound::{Governed, InboundVerdict};
use crate::receive::{InboundDelivery, Recipient};

/// The name under which a note is found.
const NOTE_NAME: &str = "removed-attachment.txt";
/// Attachments that an evaluation names; what is dropped beyond is dropped all the same.
const NAMED_MAX: usize = 100;

/// Bytes of all forms of one message together.
const FORMS_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Messages within each other that are judged; what is deeper is not let in where types are limited.
const MESSAGES_DEPTH_MAX: usize = 8;

/// Why an attachment is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// Something that a reader could take it for is not allowed.
    Type,
    /// It is too large.
    Size,
    /// There are too many before it.
    Count,
    /// Readers differ about what is in it, so that nobody can tell its types.
    Structure,
    /// There is too much of it to tell what it is.
    Unread,
}

impl DropReason {
    fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Count => "count",
            Self::Structure => "structure",
            Self::Unread => "unread",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Type => "its type is not allowed here",
            Self::Size => "it is larger than is allowed here",
            Self::Count => "the message has more attachments than are allowed here",
            Self::Structure => {
                "programs differ about what is in it, and not every type is allowed here"
            }
            Self::Unread => "it has more parts or fields than are looked at",
        }
    }
}

/// A part that is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped {
    part: u32,
    reason: DropReason,
}

/// A part that some reader could take for a file.
struct Candidate<'m> {
    file: &'m Attachment,
    /// It is among the attachments.
    is_listed: bool,
    suspicion: Option<Suspicion>,
}

/// Returns what is not let in, in the order of the message. Without a policy only files are counted that everybody finds:
/// what was not read is kept as it is.
pub(crate) fn dropped(
    effective: &Effective,
    has_policy: bool,
    raw: &[u8],
    message: &ParsedMessage,
) -> Vec<Dropped> {
    let candidates = candidates(message);
    if candidates.is_empty() {
        return Vec::new();
    }
    let limits = [Limit::AttachmentBytes, Limit::AttachmentCount].map(|one| effective.limit(one));
    let limits_types = limits_types(effective);
    if limits == [None, None] && !limits_types {
        return Vec::new();
    }
    let [size, count] = limits.map(|limit| limit.unwrap_or(u64::MAX));
    let types = Types::of(effective, raw, &candidates, MESSAGES_DEPTH_MAX);
    let mut kept = 0;
    let mut has_body = false;
    let mut out = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let is_text = !candidate.is_listed && candidate.suspicion == Some(Suspicion::Named);
        let reason = match (types.refused(place, candidate), candidate.suspicion) {
            (_, Some(Suspicion::Unread)) if has_policy => DropReason::Unread,
            (Some(reason), _) => reason,
            // What is no file here is none that is large, or one too many; but one text is the body, and not twenty.
            (None, _) if !candidate.is_listed && !is_text => continue,
            (None, _) if candidate.file.size > size => DropReason::Size,
            (None, _) if is_text && !has_body => {
                has_body = true;
                continue;
            }
            (None, _) if kept >= count => DropReason::Count,
            (None, _) => {
                kept += 1;
                continue;
            }
        };
        out.push(Dropped {
            part: candidate.file.part,
            reason,
        });
    }
    out
}

/// A file that leaves with a message.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// Every name that some reader could see; of a message the names of the files within it too.
    pub(crate) names: Vec<String>,
    /// The type it says it has.
    pub(crate) content_type: String,
    /// How it begins, decoded.
    pub(crate) head: Vec<u8>,
    /// Every reading of it has a type that the policy allows, and everybody finds the same in it.
    pub(crate) is_allowed: bool,
}

/// Returns what a message carries: its attachments, in order, and then what other readers may take for files.
pub(crate) fn carried(effective: &Effective, raw: &[u8], message: &ParsedMessage) -> Vec<Carried> {
    let mut candidates = candidates(message);
    candidates.sort_by_key(|candidate| !candidate.is_listed);
    let types = Types::of(effective, raw, &candidates, MESSAGES_DEPTH_MAX);
    let parts: Vec<u32> = candidates.iter().map(|one| one.file.part).collect();
    let heads = posthouse_mime::part_heads(raw, &parts, SNIFFED_BYTES);
    let all = candidates.iter().enumerate().zip(heads);
    all.map(|((place, candidate), head)| {
        let mut names = candidate.file.readings.clone();
        push_names_within(raw, candidate.file, &mut names, MESSAGES_DEPTH_MAX);
        let is_doubtful = matches!(
            candidate.suspicion,
            Some(Suspicion::Ambiguous | Suspicion::Unread)
        );
        Carried {
            names,
            content_type: candidate.file.content_type.clone(),
            head,
            is_allowed: !is_doubtful && types.refused(place, candidate).is_none(),
        }
    })
    .collect()
}

/// Adds the names of files in a message within the message.
fn push_names_within(raw: &[u8], file: &Attachment, names: &mut Vec<String>, depth: usize) {
    let is_message = ["message/rfc822", "message/global"].contains(&file.content_type.as_str())
        || file.readings.iter().any(|name| name.ends_with(".eml"));
    if depth == 0 || !is_message {
        return;
    }
    let content = posthouse_mime::decode_part(raw, file.part).unwrap_or_default();
    let message = posthouse_mime::parse(&content);
    for candidate in candidates(&message) {
        names.extend(candidate.file.readings.iter().cloned());
        push_names_within(&content, candidate.file, names, depth - 1);
    }
}

fn limits_types(effective: &Effective) -> bool {
    let mut allowed = effective.allowed_types.iter();
    !effective.allowed_types.is_empty() && !allowed.any(TypePattern::is_any)
}

/// Returns attachments and suspects in the order of the message, each part once.
fn candidates(message: &ParsedMessage) -> Vec<Candidate<'_>> {
    let listed = message.attachments.iter().map(|file| Candidate {
        file,
        is_listed: true,
        suspicion: None,
    });
    let suspects = message.suspects.iter().map(|suspect| Candidate {
        file: &suspect.file,
        is_listed: false,
        suspicion: Some(suspect.suspicion),
    });
    let mut all: Vec<Candidate<'_>> = listed.chain(suspects).collect();
    // Stable: a part as it is listed stays before the same part as a suspect.
    all.sort_by_key(|candidate| candidate.file.part);
    all.dedup_by(|later, first| {
        let is_same = later.file.part == first.file.part;
        if is_same {
            first.suspicion = later.suspicion;
        }
        is_same
    });
    all
}

/// What is known of the types of candidates.
struct Types<'e> {
    effective: &'e Effective,
    is_limited: bool,
    /// How the contents begin.
    heads: Vec<Vec<u8>>,
    /// The message has a file that is not allowed within it.
    within: Vec<bool>,
}

impl<'e> Types<'e> {
    fn of(
        effective: &'e Effective,
        raw: &[u8],
        candidates: &[Candidate<'_>],
        depth: usize,
    ) -> Self {
        let mut types = Self {
            effective,
            is_limited: limits_types(effective),
            heads: Vec::new(),
            within: Vec::new(),
        };
        if !types.is_limited {
            return types;
        }
        let parts: Vec<u32> = candidates.iter().map(|one| one.file.part).collect();
        types.heads = posthouse_mime::part_heads(raw, &parts, SNIFFED_BYTES);
        for (place, candidate) in candidates.iter().enumerate() {
            let is_message = types
                .readings(place, candidate.file)
                .types()
                .iter()
                .any(|one| one == "message/rfc822" || one == "message/global");
            let holds = is_message
                && types.refused(place, candidate).is_none()
                && holds_forbidden(effective, raw, candidate.file.part, depth);
            types.within.push(holds);
        }
        types
    }

    fn readings<'m>(&'m self, place: usize, file: &'m Attachment) -> AttachmentReadings<'m> {
        AttachmentReadings {
            declared: &file.content_type,
            names: &file.readings,
            shown_name: &file.filename,
            head: self.heads.get(place).map_or(&[][..], Vec::as_slice),
        }
    }

    /// Tells why types forbid a candidate.
    fn refused(&self, place: usize, candidate: &Candidate<'_>) -> Option<DropReason> {
        if !self.is_limited {
            return None;
        }
        let readings = self.readings(place, candidate.file);
        let is_allowed = match candidate.suspicion {
            Some(Suspicion::Ambiguous) => return Some(DropReason::Structure),
            // Plain text is let in without a name, so it is with one that says the same.
            Some(Suspicion::Named) if readings.types() == ["text/plain"] => true,
            _ => self.effective.allows_type(&readings),
        };
        let holds = self.within.get(place).copied().unwrap_or_default();
        (!is_allowed || holds).then_some(DropReason::Type)
    }
}

/// Tells whether a message within the message has a file, at any depth, that is not allowed or that nobody can judge.
fn holds_forbidden(effective: &Effective, raw: &[u8], part: u32, depth: usize) -> bool {
    let Some(content) = posthouse_mime::decode_part(raw, part) else {
        return true;
    };
    let message = posthouse_mime::parse(&content);
    let candidates = candidates(&message);
    if candidates.is_empty() {
        return false;
    }
    if depth == 0 {
        return true;
    }
    let types = Types::of(effective, &content, &candidates, depth - 1);
    let mut each = candidates.iter().enumerate();
    each.any(|(place, candidate)| {
        candidate.suspicion == Some(Suspicion::Unread) || types.refused(place, candidate).is_some()
    })
}

/// Returns a part of the message as a file.
fn file(message: &ParsedMessage, part: u32) -> Option<&Attachment> {
    let listed = message.attachments.iter();
    let suspects = message.suspects.iter().map(|suspect| &suspect.file);
    listed.chain(suspects).find(|file| file.part == part)
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
                let has_policy = standing.policy_id.is_some();
                let outcome = dropped(&standing.policy, has_policy, &delivery.raw, message);
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
        .filter_map(|one| {
            let attachment = file(message, one.part)?;
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
            Some(Replacement {
                part: attachment.part,
                note,
                filename: NOTE_NAME,
            })
        })
        .collect();
    posthouse_mime::replace_parts(raw, &replacements)
}

/// Returns what evaluations tell of attachments that were taken out.
fn shown(message: &ParsedMessage, dropped: &[Dropped]) -> Vec<Value> {
    let named = dropped.iter().take(NAMED_MAX);
    named
        .filter_map(|one| {
            let attachment = file(message, one.part)?;
            Some(json!({
                "filename": attachment.filename,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "reason": one.reason.word(),
            }))
        })
        .collect()
}
