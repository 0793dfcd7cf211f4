//! What a message's signatures say (RFC 6376 6).

mod signature;

use std::collections::HashMap;

use futures::future::join_all;

pub(super) use self::signature::{BodyHashes, Flaw, Form, Signature};
use super::canon::Canonicalization;
use super::dns::Dns;
use super::domain;
use super::fields::{Field, Fields};
use super::limits::DKIM_SIGNATURES_VERIFY_MAX;
use super::tags::Tags;
use super::verdict::{DkimResult, DkimVerdict};

/// Characters of a signature that tell it from others (RFC 6008 4).
const SIGNATURE_START_CHARACTERS: usize = 8;

/// What stands in a field that can be shown although nothing else of it can be used.
struct Shown {
    domain: String,
    selector: String,
    signature_start: String,
}

impl Shown {
    fn of(tags: Option<&Tags<'_>>) -> Self {
        let text = |name| tags.and_then(|tags| tags.compact(name)).unwrap_or_default();
        let name = |tag| domain::canonical(&text(tag)).unwrap_or_default();
        let selector = text("s").to_ascii_lowercase();
        Self {
            domain: name("d"),
            selector: if domain::is_name(&selector) {
                selector
            } else {
                String::new()
            },
            signature_start: text("b")
                .chars()
                .take(SIGNATURE_START_CHARACTERS)
                .filter(|character| character.is_ascii_alphanumeric() || "+/=".contains(*character))
                .collect(),
        }
    }
}

/// Returns the bytes a signature was made over: the fields it names and itself without its `b=`.
///
/// RFC 6376 5.4.2: of several fields of one name the lowest comes first; a name without a field left is nothing.
pub(super) fn signed_input(fields: &Fields<'_>, signature: &Signature, own: &Field<'_>) -> Vec<u8> {
    let mut by_name: HashMap<Vec<u8>, Vec<&Field<'_>>> = HashMap::new();
    for field in &fields.list {
        let name = field.name.to_ascii_lowercase();
        by_name.entry(name).or_default().push(field);
    }
    let mut input = Vec::with_capacity(2_048);
    for name in &signature.signed {
        if let Some(field) = by_name.get_mut(name.as_bytes()).and_then(Vec::pop) {
            signature.header_canon.append_field(field, &mut input);
        }
    }
    append_unsigned(own, signature.header_canon, &mut input);
    input
}

/// Appends the signing field itself as it was signed: its `b=` empty, without the last line ending.
pub(super) fn append_unsigned(own: &Field<'_>, canon: Canonicalization, input: &mut Vec<u8>) {
    let head = own.raw.len() - own.value.len();
    let value = without_signature(own.value);
    let raw = [&own.raw[..head], &value].concat();
    let field = Field {
        name: own.name,
        value: &raw[head..],
        raw: &raw,
    };
    canon.append_field(&field, input);
    let kept = input.strip_suffix(b"\r\n").map_or(input.len(), <[u8]>::len);
    input.truncate(kept);
}

/// Takes the value of `b=` out, and its white space with it, and leaves everything else.
fn without_signature(value: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(value.len());
    for (index, spec) in value.split(|byte| *byte == b';').enumerate() {
        if index > 0 {
            kept.push(b';');
        }
        let equals = spec.iter().position(|byte| *byte == b'=');
        match equals {
            Some(equals) if spec[..equals].trim_ascii() == b"b" => {
                kept.extend_from_slice(&spec[..=equals]);
            }
            _ => kept.extend_from_slice(spec),
        }
    }
    // In simple form the line ending belongs to the field wherever b= stood last.
    if value.ends_with(b"\r\n") && !kept.ends_with(b"\r\n") {
        kept.extend_from_slice(b"\r\n");
    }
    kept
}

/// A signature ready for its key, or the verdict about one that never needed it.
pub(super) enum Candidate {
    Ready {
        verdict: DkimVerdict,
        signature: Box<Signature>,
        input: Vec<u8>,
    },
    Settled(DkimVerdict),
}

impl Candidate {
    /// Returns the verdict when nobody could be asked for the key in time.
    pub(super) fn verdict_without_key(&self) -> DkimVerdict {
        match self {
            Self::Settled(verdict) => verdict.clone(),
            Self::Ready { verdict, .. } => flawed(
                verdict.clone(),
                Flaw(DkimResult::TempError, "no answer in time"),
            ),
        }
    }
}

/// Reads, hashes and compares all that can be without the DNS: processor time only, of the length of the body.
///
/// Of many signatures those of the authors' domains are evaluated first, so that none can be hidden behind others.
pub(super) fn candidates(fields: &Fields<'_>, authors: &[String], now: i64) -> Vec<Candidate> {
    let mut found: Vec<(usize, &Field<'_>)> = fields.named("dkim-signature").enumerate().collect();
    if found.len() > DKIM_SIGNATURES_VERIFY_MAX {
        found.sort_by_key(|(place, field)| (!is_of_author(field, authors), *place));
        found.truncate(DKIM_SIGNATURES_VERIFY_MAX);
        found.sort_by_key(|(place, _)| *place);
    }
    let mut hashes = BodyHashes::default();
    found
        .into_iter()
        .map(|(_, field)| candidate(fields, field, &mut hashes, now))
        .collect()
}

fn is_of_author(field: &Field<'_>, authors: &[String]) -> bool {
    let tags = Tags::parse(field.value);
    let Some(signing) = tags
        .and_then(|tags| tags.compact("d"))
        .and_then(|name| domain::canonical(&name))
    else {
        return false;
    };
    authors
        .iter()
        .any(|author| domain::is_within(author, &signing) || domain::is_within(&signing, author))
}

fn candidate(
    fields: &Fields<'_>,
    field: &Field<'_>,
    hashes: &mut BodyHashes,
    now: i64,
) -> Candidate {
    let tags = Tags::parse(field.value);
    let shown = Shown::of(tags.as_ref());
    let mut verdict = DkimVerdict {
        result: DkimResult::Neutral,
        domain: shown.domain,
        selector: shown.selector,
        algorithm: "",
        signature_start: shown.signature_start,
        fingerprint: 0,
        has_length: tags.as_ref().is_some_and(|tags| tags.get("l").is_some()),
        reason: None,
    };
    let read = tags
        .ok_or(Flaw(DkimResult::Neutral, "not a list of tags"))
        .and_then(|tags| Signature::parse(&tags, Form::Dkim));
    let checked = read.and_then(|signature| {
        verdict.algorithm = signature.algorithm.name();
        verdict.fingerprint = signature.fingerprint();
        hashes.add(&signature, fields.body);
        signature.check_message(hashes, now)?;
        Ok(signature)
    });
    match checked {
        Ok(signature) => Candidate::Ready {
            input: signed_input(fields, &signature, field),
            verdict,
            signature: Box::new(signature),
        },
        Err(flaw) => Candidate::Settled(flawed(verdict, flaw)),
    }
}

fn flawed(verdict: DkimVerdict, Flaw(result, reason): Flaw) -> DkimVerdict {
    DkimVerdict {
        result,
        reason: Some(reason),
        ..verdict
    }
}

/// Asks for the keys, all at once, and gives each signature its verdict.
pub(super) async fn settle(dns: &dyn Dns, candidates: Vec<Candidate>) -> Vec<DkimVerdict> {
    let verdicts = candidates.into_iter().map(|candidate| async move {
        match candidate {
            Candidate::Settled(verdict) => verdict,
            Candidate::Ready {
                verdict,
                signature,
                input,
            } => {
                let records = dns.txt(&signature.key_name()).await;
                match signature.check_key(records, &input) {
                    Ok(()) => DkimVerdict {
                        result: DkimResult::Pass,
                        ..verdict
                    },
                    Err(flaw) => flawed(verdict, flaw),
                }
            }
        }
    });
    join_all(verdicts).await
}

#[cfg(test)]
mod tests;
