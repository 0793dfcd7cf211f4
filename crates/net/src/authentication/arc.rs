//! The seals of those who passed a message on (RFC 8617 5.2).

use futures::future::join_all;

use super::canon::Canonicalization;
use super::dkim::{BodyHashes, Flaw, Form, Signature, append_unsigned, signed_input};
use super::dns::{Dns, NotFound};
use super::domain;
use super::fields::{Field, Fields};
use super::limits::ARC_SETS_MAX;
use super::tags::Tags;
use super::verdict::{ArcResult, ArcVerdict, DkimResult, Sealer};

/// The three fields that one sealer added.
#[derive(Debug, Clone, Copy)]
struct Set<'m> {
    results: Field<'m>,
    signature: Field<'m>,
    seal: Field<'m>,
}

/// One signature of the chain with what it was made over.
pub(super) struct Link {
    signature: Signature,
    input: Vec<u8>,
}

/// A chain ready for its keys, or the verdict about one that never needed them.
pub(super) enum Chain {
    Ready {
        links: Vec<Link>,
        verdict: ArcVerdict,
    },
    Settled(ArcVerdict),
}

impl Chain {
    /// Returns what is known before the keys are.
    pub(super) fn verdict(&self) -> &ArcVerdict {
        match self {
            Self::Ready { verdict, .. } | Self::Settled(verdict) => verdict,
        }
    }
}

/// Reads and hashes all that can be without the DNS.
pub(super) fn chain(fields: &Fields<'_>, now: i64) -> Chain {
    let mut verdict = ArcVerdict {
        result: ArcResult::None,
        instances: 0,
        sealers: Vec::new(),
        reason: None,
    };
    let sets = match sets(fields) {
        Ok(sets) => sets,
        Err(reason) => return Chain::Settled(failed(verdict, reason)),
    };
    if sets.is_empty() {
        return Chain::Settled(verdict);
    }
    verdict.instances = sets.len() as u32;
    verdict.sealers = sets.iter().map(sealer).collect();
    match links(fields, &sets, now) {
        Ok(links) => Chain::Ready { links, verdict },
        Err(reason) => Chain::Settled(failed(verdict, reason)),
    }
}

/// Asks for the keys, all at once, and says whether the chain holds.
pub(super) async fn settle(dns: &dyn Dns, chain: Chain) -> ArcVerdict {
    let (links, verdict) = match chain {
        Chain::Settled(verdict) => return verdict,
        Chain::Ready { links, verdict } => (links, verdict),
    };
    let checks = links.into_iter().map(|link| async move {
        let records: Result<_, NotFound> = dns.txt(&link.signature.key_name()).await;
        link.signature.check_key(records, &link.input)
    });
    let flaws: Vec<Flaw> = join_all(checks)
        .await
        .into_iter()
        .filter_map(Result::err)
        .collect();
    let lasting = flaws
        .iter()
        .find(|Flaw(result, _)| *result != DkimResult::TempError);
    match lasting.or(flaws.first()) {
        None => ArcVerdict {
            result: ArcResult::Pass,
            ..verdict
        },
        Some(Flaw(DkimResult::TempError, reason)) => ArcVerdict {
            result: ArcResult::TempError,
            reason: Some(reason),
            ..verdict
        },
        Some(Flaw(_, reason)) => failed(verdict, reason),
    }
}

fn failed(verdict: ArcVerdict, reason: &'static str) -> ArcVerdict {
    ArcVerdict {
        result: ArcResult::Fail,
        reason: Some(reason),
        ..verdict
    }
}

/// Returns the sets in order. RFC 8617 5.2 step 3: each instance from one on has each field once.
fn sets<'m>(fields: &Fields<'m>) -> Result<Vec<Set<'m>>, &'static str> {
    let seals = by_instance(fields, "arc-seal")?;
    let signatures = by_instance(fields, "arc-message-signature")?;
    let results = by_instance(fields, "arc-authentication-results")?;
    if seals.len() != signatures.len() || seals.len() != results.len() {
        return Err("a set is not whole");
    }
    let sets = seals.into_iter().zip(signatures).zip(results);
    Ok(sets
        .map(|((seal, signature), results)| Set {
            results,
            signature,
            seal,
        })
        .collect())
}

fn sealer(set: &Set<'_>) -> Sealer {
    let signing = Tags::parse(set.seal.value).and_then(|tags| tags.compact("d"));
    Sealer {
        domain: signing
            .and_then(|name| domain::canonical(&name))
            .unwrap_or_default(),
        found_dmarc_pass: says_dmarc_pass(set.results.value),
    }
}

/// Tells whether results have `dmarc=pass`, outside comments and quoted strings.
fn says_dmarc_pass(results: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(results.len());
    let (mut depth, mut is_quoted) = (0_usize, false);
    let mut bytes = results.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' if depth == 0 => is_quoted = !is_quoted,
            b'(' if !is_quoted => depth += 1,
            b')' if !is_quoted => depth = depth.saturating_sub(1),
            _ if depth > 0 || is_quoted => {}
            _ => plain.push(byte.to_ascii_lowercase()),
        }
    }
    plain.split(|byte| *byte == b';').any(|result| {
        let mut words = result.trim_ascii().split(u8::is_ascii_whitespace);
        words.next() == Some(b"dmarc=pass")
    })
}

/// Returns the fields of one name by their `i=`, which must be one to their number.
fn by_instance<'m>(fields: &Fields<'m>, name: &str) -> Result<Vec<Field<'m>>, &'static str> {
    let mut found: Vec<(u32, Field<'m>)> = Vec::new();
    for field in fields.named(name) {
        if found.len() == ARC_SETS_MAX {
            return Err("more than 50 seals");
        }
        found.push((instance(field).ok_or("no instance number")?, *field));
    }
    found.sort_by_key(|(instance, _)| *instance);
    let in_order = found
        .iter()
        .zip(1..)
        .all(|((found, _), expected)| *found == expected);
    if !in_order {
        return Err("instances are not one after the other");
    }
    Ok(found.into_iter().map(|(_, field)| field).collect())
}

/// Returns the number in the first tag; RFC 8617 4.1.1 puts it first in the results, where the rest is no tag list.
fn instance(field: &Field<'_>) -> Option<u32> {
    let text = field.value.split(|byte| *byte == b';');
    let mut specs = text.map(<[u8]>::trim_ascii);
    let digits = if field.is("arc-authentication-results") {
        let spec = specs.next()?.strip_prefix(b"i")?;
        spec.trim_ascii_start()
            .strip_prefix(b"=")?
            .trim_ascii_start()
    } else {
        Tags::parse(field.value)?.get("i")?.as_bytes()
    };
    if digits.is_empty() || digits.len() > 2 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Returns the newest message signature and every seal, each with what it was made over.
fn links(fields: &Fields<'_>, sets: &[Set<'_>], now: i64) -> Result<Vec<Link>, &'static str> {
    let mut links = Vec::with_capacity(sets.len() + 1);
    let mut sealed = Vec::with_capacity(4_096);
    for (place, set) in sets.iter().enumerate() {
        let tags = Tags::parse(set.seal.value).ok_or("a seal is not a list of tags")?;
        // RFC 8617 5.2 steps 2 and 3: the first chain is new, every later one was whole.
        let expected = if place == 0 { "none" } else { "pass" };
        if !tags
            .get("cv")
            .is_some_and(|cv| cv.eq_ignore_ascii_case(expected))
        {
            return Err("a seal says that the chain was broken");
        }
        // RFC 8617 4.1.3: a seal covers the chain and chooses nothing.
        if tags.get("h").is_some() || tags.get("bh").is_some() {
            return Err("a seal with fields of its own choice");
        }
        let signature = seal_signature(&tags)?;
        Canonicalization::Relaxed.append_field(&set.results, &mut sealed);
        Canonicalization::Relaxed.append_field(&set.signature, &mut sealed);
        let mut input = sealed.clone();
        append_unsigned(&set.seal, Canonicalization::Relaxed, &mut input);
        links.push(Link { signature, input });
        Canonicalization::Relaxed.append_field(&set.seal, &mut sealed);
    }
    if let Some(newest) = sets.last() {
        links.push(message_link(fields, newest, now)?);
    }
    Ok(links)
}

/// Reads a seal as the signature it is, without what only message signatures have.
fn seal_signature(tags: &Tags<'_>) -> Result<Signature, &'static str> {
    let absent = "a tag of a seal is missing";
    let text = format!(
        "a={}; d={}; s={}; b={}; h=from; bh=; c=relaxed/relaxed",
        tags.compact("a").ok_or(absent)?,
        tags.compact("d").ok_or(absent)?,
        tags.compact("s").ok_or(absent)?,
        tags.compact("b").ok_or(absent)?,
    );
    let tags = Tags::parse(text.as_bytes()).ok_or("a seal is not a list of tags")?;
    Signature::parse(&tags, Form::ArcMessage).map_err(|Flaw(_, reason)| reason)
}

fn message_link(fields: &Fields<'_>, set: &Set<'_>, now: i64) -> Result<Link, &'static str> {
    let tags = Tags::parse(set.signature.value).ok_or("not a list of tags")?;
    let signature = Signature::parse(&tags, Form::ArcMessage).map_err(|Flaw(_, reason)| reason)?;
    // RFC 8617 4.1.2: what is added later cannot have been signed.
    if signature.signed.iter().any(|name| name == "arc-seal") {
        return Err("a message signature covers a seal");
    }
    let mut hashes = BodyHashes::default();
    hashes.add(&signature, fields.body);
    signature
        .check_message(&hashes, now)
        .map_err(|Flaw(_, reason)| reason)?;
    Ok(Link {
        input: signed_input(fields, &signature, &set.signature),
        signature,
    })
}

#[cfg(test)]
mod tests;
