//! What a message's signatures say (RFC 6376 6).

use std::collections::HashMap;

use aws_lc_rs::digest;
use futures::future::join_all;

use super::canon::Canonicalization;
use super::dns::{Dns, NotFound};
use super::domain;
use super::fields::{Field, Fields};
use super::key::KeyAlgorithm;
use super::limits::{DKIM_KEY_RECORDS_MAX, DKIM_SIGNATURES_VERIFY_MAX};
use super::public_key::{PublicKey, Unusable};
use super::tags::Tags;
use super::verdict::{DkimResult, DkimVerdict};

/// Characters of a signature that tell it from others (RFC 6008 4).
const SIGNATURE_START_CHARACTERS: usize = 8;

/// Why a signature says nothing, with the word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw(pub(super) DkimResult, pub(super) &'static str);

/// A signature, read. Also of ARC's message signatures, which differ in two tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) algorithm: KeyAlgorithm,
    pub(super) domain: String,
    pub(super) selector: String,
    pub(super) header_canon: Canonicalization,
    body_canon: Canonicalization,
    pub(super) signed: Vec<String>,
    body_hash: Vec<u8>,
    pub(super) signature: Vec<u8>,
    length: Option<u64>,
    expires: Option<i64>,
    /// The domain of `i=`, where it is given.
    identity_domain: Option<String>,
}

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

/// What a field that signs is: DKIM-Signature or ARC-Message-Signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Dkim,
    ArcMessage,
}

impl Signature {
    /// Reads the tags of a field.
    pub(super) fn parse(tags: &Tags<'_>, form: Form) -> Result<Self, Flaw> {
        let missing = Flaw(DkimResult::Neutral, "a tag is missing");
        if form == Form::Dkim && tags.get("v") != Some("1") {
            return Err(Flaw(DkimResult::Neutral, "unknown version"));
        }
        let algorithm = algorithm(&tags.compact("a").ok_or(missing)?)?;
        let (header_canon, body_canon) = canonicalizations(tags.compact("c").as_deref())?;
        if let Some(methods) = tags.compact("q")
            && !methods.split(':').any(|method| method == "dns/txt")
        {
            return Err(Flaw(DkimResult::Neutral, "unknown key query method"));
        }
        let name = |tag| tags.compact(tag).ok_or(missing);
        let signing_domain =
            domain::canonical(&name("d")?).ok_or(Flaw(DkimResult::Neutral, "d= is no domain"))?;
        let selector = name("s")?.to_ascii_lowercase();
        if !domain::is_name(&selector) {
            return Err(Flaw(DkimResult::Neutral, "s= is no name"));
        }
        let signed: Vec<String> = name("h")?.split(':').map(str::to_ascii_lowercase).collect();
        if !signed.iter().any(|name| name == "from") {
            return Err(Flaw(DkimResult::PermError, "From is not signed"));
        }
        let identity_domain = match form {
            Form::ArcMessage => None,
            Form::Dkim => identity_domain(tags, &signing_domain)?,
        };
        let malformed = Flaw(DkimResult::Neutral, "not base64");
        Ok(Self {
            algorithm,
            domain: signing_domain,
            selector,
            header_canon,
            body_canon,
            signed,
            body_hash: tags.bytes("bh").ok_or(malformed)?,
            signature: tags.bytes("b").ok_or(malformed)?,
            length: number(tags, "l")?,
            expires: expiry(tags)?,
            identity_domain,
        })
    }

    /// Checks what needs no key: the expiry and the body's hash.
    pub(super) fn check_message(&self, hashes: &BodyHashes, now: i64) -> Result<(), Flaw> {
        if self.expires.is_some_and(|expires| expires < now) {
            return Err(Flaw(DkimResult::Fail, "signature expired"));
        }
        let (hash, canonical_bytes) = hashes
            .of(self)
            .ok_or(Flaw(DkimResult::Neutral, "not evaluated"))?;
        if self.length.is_some_and(|length| length > *canonical_bytes) {
            return Err(Flaw(DkimResult::PermError, "l= is longer than the body"));
        }
        if *hash != self.body_hash {
            return Err(Flaw(DkimResult::Fail, "body hash did not verify"));
        }
        // RFC 6376 8.2: what follows was written by anybody.
        if self.length.is_some_and(|length| length < *canonical_bytes) {
            return Err(Flaw(DkimResult::Policy, "the body goes on beyond l="));
        }
        Ok(())
    }

    /// Checks the signature itself with the key records that were found.
    pub(super) fn check_key(
        &self,
        records: Result<Vec<Vec<u8>>, NotFound>,
        input: &[u8],
    ) -> Result<(), Flaw> {
        let records = match records {
            Ok(records) => records,
            Err(NotFound::NoName) => Vec::new(),
            Err(NotFound::Trouble) => {
                return Err(Flaw(DkimResult::TempError, "no answer about the key"));
            }
        };
        let mut flaw = Flaw(DkimResult::PermError, "no key for signature");
        for record in records.iter().take(DKIM_KEY_RECORDS_MAX) {
            let key = match PublicKey::parse(record) {
                Ok(key) => key,
                Err(Unusable::NotAKey) => continue,
                Err(Unusable::Revoked) => {
                    flaw = Flaw(DkimResult::PermError, "key revoked");
                    continue;
                }
                Err(Unusable::TooShort) => {
                    flaw = Flaw(DkimResult::Fail, "RSA key too short");
                    continue;
                }
                Err(Unusable::TooLong) => {
                    flaw = Flaw(DkimResult::Policy, "RSA key too long to evaluate");
                    continue;
                }
            };
            if key.algorithm() != self.algorithm {
                continue;
            }
            if key.is_strict
                && self
                    .identity_domain
                    .as_ref()
                    .is_some_and(|i| *i != self.domain)
            {
                flaw = Flaw(
                    DkimResult::PermError,
                    "i= is not d= and the key wants it to be",
                );
                continue;
            }
            if key.verifies(input, &self.signature) {
                return Ok(());
            }
            flaw = Flaw(DkimResult::Fail, "signature did not verify");
        }
        Err(flaw)
    }

    /// Returns the name its key is published under.
    pub(super) fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

fn algorithm(name: &str) -> Result<KeyAlgorithm, Flaw> {
    match name.to_ascii_lowercase().as_str() {
        "rsa-sha256" => Ok(KeyAlgorithm::RsaSha256),
        "ed25519-sha256" => Ok(KeyAlgorithm::Ed25519Sha256),
        // RFC 8301 3.1: must not be considered valid.
        "rsa-sha1" => Err(Flaw(DkimResult::PermError, "rsa-sha1 proves nothing")),
        _ => Err(Flaw(DkimResult::Neutral, "unknown algorithm")),
    }
}

fn canonicalizations(tag: Option<&str>) -> Result<(Canonicalization, Canonicalization), Flaw> {
    let one = |name: &str| match name.to_ascii_lowercase().as_str() {
        "simple" => Ok(Canonicalization::Simple),
        "relaxed" => Ok(Canonicalization::Relaxed),
        _ => Err(Flaw(DkimResult::Neutral, "unknown canonicalization")),
    };
    match tag {
        None => Ok((Canonicalization::Simple, Canonicalization::Simple)),
        Some(tag) => match tag.split_once('/') {
            None => Ok((one(tag)?, Canonicalization::Simple)),
            Some((header, body)) => Ok((one(header)?, one(body)?)),
        },
    }
}

/// RFC 6376 3.5 `i=`: in the signing domain or below it.
fn identity_domain(tags: &Tags<'_>, signing: &str) -> Result<Option<String>, Flaw> {
    let Some(identity) = tags.compact("i") else {
        return Ok(None);
    };
    let flaw = Flaw(DkimResult::PermError, "i= is not within d=");
    let (_, identity) = identity.rsplit_once('@').ok_or(flaw)?;
    let identity = domain::canonical(identity).ok_or(flaw)?;
    if !domain::is_within(&identity, signing) {
        return Err(flaw);
    }
    Ok(Some(identity))
}

fn number(tags: &Tags<'_>, name: &str) -> Result<Option<u64>, Flaw> {
    let Some(text) = tags.compact(name) else {
        return Ok(None);
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Flaw(DkimResult::Neutral, "a number is none"));
    }
    // RFC 6376 3.5: up to 76 digits; more than can be counted is as good as the most that can be.
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

fn expiry(tags: &Tags<'_>) -> Result<Option<i64>, Flaw> {
    let seconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let signed = number(tags, "t")?.map(seconds);
    let expires = number(tags, "x")?.map(seconds);
    match (signed, expires) {
        (Some(signed), Some(expires)) if expires < signed => {
            Err(Flaw(DkimResult::Neutral, "expires before it was made"))
        }
        _ => Ok(expires),
    }
}

/// The body's digests, each computed once however many signatures use it.
#[derive(Debug, Default)]
pub(super) struct BodyHashes {
    of: HashMap<(Canonicalization, Option<u64>), (Vec<u8>, u64)>,
}

impl BodyHashes {
    pub(super) fn add(&mut self, signature: &Signature, body: &[u8]) {
        let (canon, length) = (signature.body_canon, signature.length);
        self.of
            .entry((canon, length))
            .or_insert_with(|| canon.hash_body(body, length, &digest::SHA256));
    }

    fn of(&self, signature: &Signature) -> Option<&(Vec<u8>, u64)> {
        self.of.get(&(signature.body_canon, signature.length))
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
        has_length: tags.as_ref().is_some_and(|tags| tags.get("l").is_some()),
        reason: None,
    };
    let read = tags
        .ok_or(Flaw(DkimResult::Neutral, "not a list of tags"))
        .and_then(|tags| Signature::parse(&tags, Form::Dkim));
    let checked = read.and_then(|signature| {
        verdict.algorithm = signature.algorithm.name();
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
