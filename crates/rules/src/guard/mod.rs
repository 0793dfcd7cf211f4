//! The outbound guard: what must not leave, found in what is about to leave.
//!
//! [`scan`] reads passages of text and names of files and returns facts: what, where, and what the policy wants done about
//! it. A finding never holds what was found. Time is linear in the text; archives are not opened.
//!
//! | module | finds |
//! |---|---|
//! | `secrets`, `trial` | keys and tokens by their shape, and whether they are what they look like |
//! | `cards`, `labels`, `around` | numbers of payment cards, and what the words around them call them |
//! | `files` | files that run when opened, or of types that the policy does not allow |
//! | `plain` | the letters behind invisible and disguised ones |
//! | `policy` | what an operator wants done |

mod around;
mod cards;
mod files;
mod finding;
mod labels;
pub mod limits;
pub(crate) mod plain;
mod policy;
mod secrets;
mod trial;

pub use finding::{Finding, FindingKind, Place};
pub use policy::GuardPolicy;

use limits::{FINDINGS_PER_DETECTOR_MAX, SCANNED_BYTES_MAX};
use plain::Plain;

use crate::policy::GuardAction;

/// A text of a message.
#[derive(Debug, Clone)]
pub struct Passage<'a> {
    /// Where it stands.
    pub place: Place,
    /// The text, decoded.
    pub text: &'a str,
    /// This server or its machinery wrote it: an operator's patterns do not mean it.
    pub is_machinery: bool,
}

/// A file of a message.
#[derive(Debug, Clone, Copy)]
pub struct AttachedFile<'a> {
    /// Every name that some reader could see.
    pub names: &'a [String],
    /// The declared media type, in lower case.
    pub content_type: &'a str,
    /// The policy lets files of its type through.
    pub is_allowed: bool,
    /// The first octets, decoded.
    pub head: &'a [u8],
}

/// Everything that leaves with a message, as far as the guard looks at it.
#[derive(Debug, Clone, Default)]
pub struct Departing<'a> {
    /// The texts, in the order in which findings are told.
    pub passages: Vec<Passage<'a>>,
    /// The files.
    pub files: Vec<AttachedFile<'a>>,
    /// Recipients who have never written to the account.
    pub strangers: &'a [String],
    /// Some of it was not read at all.
    pub is_cut: bool,
}

/// Looks for what the policy names; strongest response first, then in the order of the passages.
#[must_use]
pub fn scan(departing: &Departing<'_>, policy: &GuardPolicy) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut room = SCANNED_BYTES_MAX;
    let mut is_cut = departing.is_cut;
    if policy.reads_text() {
        for passage in &departing.passages {
            let length = passage
                .text
                .floor_char_boundary(room.min(passage.text.len()));
            is_cut |= length < passage.text.len();
            room -= length;
            read(passage, &passage.text[..length], policy, &mut found);
        }
    }
    if policy.attachment_types > GuardAction::Off {
        for (number, file) in departing.files.iter().enumerate() {
            found.extend(files::judge(file, number, policy));
        }
    }
    if policy.first_time_recipients > GuardAction::Off {
        found.extend(departing.strangers.iter().map(|stranger| Finding {
            kind: FindingKind::FirstTimeRecipient,
            response: policy.first_time_recipients,
            place: Place::Recipients,
            position: 0,
            excerpt: stranger.clone(),
        }));
    }
    if is_cut && policy.reads_text() {
        found.push(Finding {
            kind: FindingKind::Unread,
            response: policy.strongest_of_text(),
            place: Place::Message,
            position: 0,
            excerpt: String::new(),
        });
    }
    bounded(found)
}

fn read(passage: &Passage<'_>, text: &str, policy: &GuardPolicy, found: &mut Vec<Finding>) {
    let plain = Plain::of(text);
    let mut tell = |kind, response, byte, excerpt| {
        found.push(Finding {
            kind,
            response,
            place: passage.place.clone(),
            position: plain.position(byte),
            excerpt,
        });
    };
    if policy.secrets > GuardAction::Off {
        for secret in secrets::find(plain.text()) {
            let kind = FindingKind::Secret { what: secret.what };
            tell(kind, policy.secrets, secret.at, secret.excerpt);
        }
    }
    if policy.payment_cards > GuardAction::Off {
        for card in cards::find(plain.text()) {
            let kind = FindingKind::PaymentCard {
                issuer: card.issuer,
            };
            tell(kind, policy.payment_cards, card.at, card.excerpt);
        }
    }
    for pattern in &policy.patterns {
        if passage.is_machinery || pattern.response == GuardAction::Off {
            continue;
        }
        let matches = pattern.regex.find_iter(plain.text());
        // A pattern that also matches nothing at all finds something only where it matches more.
        let matches = matches.filter(|matched| !matched.is_empty());
        for matched in matches.take(FINDINGS_PER_DETECTOR_MAX) {
            let kind = FindingKind::Pattern {
                name: pattern.name.clone(),
            };
            let characters = matched.as_str().chars().count();
            let excerpt = format!("({characters} characters)");
            tell(kind, pattern.response, matched.start(), excerpt);
        }
    }
}

/// Leaves of each kind the first, and each of them once: the same text is read in several ways.
fn bounded(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|finding| std::cmp::Reverse(finding.response));
    let mut kept: Vec<Finding> = Vec::new();
    for finding in found {
        let of_kind = kept.iter().filter(|other| other.kind == finding.kind);
        let is_known = of_kind.clone().any(|other| {
            let is_reading = if other.place == finding.place {
                other.position == finding.position || finding.place.has_readings()
            } else {
                finding.place.is_another_reading()
            };
            other.excerpt == finding.excerpt && is_reading
        });
        if !is_known && of_kind.count() < FINDINGS_PER_DETECTOR_MAX {
            kept.push(finding);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
