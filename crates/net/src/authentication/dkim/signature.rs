//! One signature: its tags, and what is checked of them (RFC 6376 3.5 and 6.1).

use std::collections::HashMap;

use aws_lc_rs::digest;

use crate::authentication::canon::Canonicalization;
use crate::authentication::dns::NotFound;
use crate::authentication::domain;
use crate::authentication::key::KeyAlgorithm;
use crate::authentication::limits::DKIM_KEY_RECORDS_MAX;
use crate::authentication::public_key::{PublicKey, Unusable};
use crate::authentication::tags::Tags;
use crate::authentication::verdict::DkimResult;

/// Why a signature says nothing, with the word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::authentication) struct Flaw(
    pub(in crate::authentication) DkimResult,
    pub(in crate::authentication) &'static str,
);

/// A signature, read. Also of ARC's message signatures, which differ in two tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::authentication) struct Signature {
    pub(in crate::authentication) algorithm: KeyAlgorithm,
    pub(in crate::authentication) domain: String,
    pub(in crate::authentication) selector: String,
    pub(in crate::authentication) header_canon: Canonicalization,
    body_canon: Canonicalization,
    pub(in crate::authentication) signed: Vec<String>,
    body_hash: Vec<u8>,
    pub(in crate::authentication) signature: Vec<u8>,
    length: Option<u64>,
    expires: Option<i64>,
    /// The domain of `i=`, where it is given.
    identity_domain: Option<String>,
}

/// What a field that signs is: DKIM-Signature or ARC-Message-Signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::authentication) enum Form {
    Dkim,
    ArcMessage,
}

impl Signature {
    /// Reads the tags of a field.
    pub(in crate::authentication) fn parse(tags: &Tags<'_>, form: Form) -> Result<Self, Flaw> {
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

    /// Returns a number that stands for the signature, however its text is folded.
    pub(in crate::authentication) fn fingerprint(&self) -> u64 {
        let digest = digest::digest(&digest::SHA256, &self.signature);
        let front = digest.as_ref().first_chunk();
        front.map_or(0, |front| u64::from_be_bytes(*front))
    }

    /// Checks what needs no key: the expiry and the body's hash.
    pub(in crate::authentication) fn check_message(
        &self,
        hashes: &BodyHashes,
        now: i64,
    ) -> Result<(), Flaw> {
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
    pub(in crate::authentication) fn check_key(
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
    pub(in crate::authentication) fn key_name(&self) -> String {
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
pub(in crate::authentication) struct BodyHashes {
    of: HashMap<(Canonicalization, Option<u64>), (Vec<u8>, u64)>,
}

impl BodyHashes {
    pub(in crate::authentication) fn add(&mut self, signature: &Signature, body: &[u8]) {
        let (canon, length) = (signature.body_canon, signature.length);
        self.of
            .entry((canon, length))
            .or_insert_with(|| canon.hash_body(body, length, &digest::SHA256));
    }

    fn of(&self, signature: &Signature) -> Option<&(Vec<u8>, u64)> {
        self.of.get(&(signature.body_canon, signature.length))
    }
}
