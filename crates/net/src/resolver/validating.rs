//! Answers with what DNSSEC says of them.
//!
//! A second resolver, beside the ordinary one, checks signatures from the root down (RFC 4035). Few networks fail
//! the mail for it: DANE needs it, everything else does without.
//!
//! Whether the name servers pass signatures on at all is not ours to choose. With an anchor that the operator named
//! they must. Without, the root's keys are asked for: until they have validated once, nothing is taken for signed
//! (and nothing for forged); from then on for as long as the process lives a missing signature is a forgery.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::ResolveError;
use crate::limits::{DNSSEC_LOOKUP_DEADLINE, DNSSEC_PROBE_INTERVAL, DNSSEC_WILDCARD_PARENTS_MAX};

/// What DNSSEC says of an answer that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Signed, and the signatures lead to the anchor.
    Secure,
    /// From a part of the DNS that is not signed, or nobody could tell.
    Insecure,
}

/// Whether signatures can be checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnssecState {
    /// They are: by an anchor of the operator, or because the root's keys have validated.
    Validating,
    /// The name servers do not pass signatures on, or have not been asked yet.
    Unavailable,
}

/// An answer, also the answer that there is nothing.
#[derive(Debug, Clone)]
pub struct Validated {
    /// Records of the asked type, whatever name they stand under after aliases; empty when there are none.
    pub records: Vec<RData>,
    /// The name that the aliases lead to; the asked one without aliases. Lower case, no trailing dot.
    pub canonical_name: String,
    /// Whether the whole chain, aliases included, is signed.
    pub security: Security,
}

/// The resolver that checks.
pub(super) struct Validating {
    dns: TokioResolver,
    /// An anchor was named: everything is checked from the first question on.
    strict: bool,
    seen_working: AtomicBool,
    probed: Mutex<Option<Instant>>,
}

impl Validating {
    pub(super) fn new(dns: TokioResolver, strict: bool) -> Self {
        Self {
            dns,
            strict,
            seen_working: AtomicBool::new(false),
            probed: Mutex::new(None),
        }
    }

    pub(super) fn state(&self) -> DnssecState {
        if self.strict || self.seen_working.load(Ordering::Relaxed) {
            DnssecState::Validating
        } else {
            DnssecState::Unavailable
        }
    }

    /// Returns whether answers may be judged by their signatures; asks for the root's keys where that is not known.
    pub(super) async fn is_usable(&self) -> bool {
        if self.state() == DnssecState::Validating {
            return true;
        }
        if !self.may_probe() {
            return false;
        }
        let keys = self.dns.lookup(Name::root(), RecordType::DNSKEY);
        let works = match tokio::time::timeout(DNSSEC_LOOKUP_DEADLINE, keys).await {
            Ok(Ok(lookup)) => lookup
                .answers()
                .iter()
                .any(|record| record.proof.is_secure()),
            Ok(Err(_)) | Err(_) => false,
        };
        if works {
            self.seen_working.store(true, Ordering::Relaxed);
            tracing::info!("DNSSEC works through these name servers; DANE is enforced");
        } else {
            tracing::warn!(
                "the name servers do not pass DNSSEC signatures on: DANE cannot be enforced (use a resolver that does, see --dns)"
            );
        }
        works
    }

    fn may_probe(&self) -> bool {
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        let due = probed.is_none_or(|last| last.elapsed() >= DNSSEC_PROBE_INTERVAL);
        if due {
            *probed = Some(Instant::now());
        }
        due
    }

    pub(super) async fn lookup(
        &self,
        plain: &TokioResolver,
        name: Name,
        kind: RecordType,
    ) -> Result<Validated, ResolveError> {
        let answer = within(DNSSEC_LOOKUP_DEADLINE, self.dns.lookup(name.clone(), kind)).await?;
        match judge(&name, kind, answer) {
            Err(ResolveError::Bogus) => match self.by_wildcard(plain, &name, kind).await {
                Some(answer) => Ok(answer),
                None => Err(ResolveError::Bogus),
            },
            other => other,
        }
    }

    /// Gives an answer from a wildcard another chance. The library refuses all of those in zones with NSEC records, because it
    /// misreads the proof that there is no closer name.
    ///
    /// What the wildcard itself says is validated here, and the answer must be the same; that no closer name says something
    /// else is then not proven, so it does not count as secure.
    async fn by_wildcard(
        &self,
        plain: &TokioResolver,
        name: &Name,
        kind: RecordType,
    ) -> Option<Validated> {
        let seen = unvalidated(plain, name.clone(), kind).await.ok()?;
        let mut parent = name.base_name();
        for _ in 0..DNSSEC_WILDCARD_PARENTS_MAX {
            if parent.is_root() || seen.records.is_empty() {
                return None;
            }
            let star = parent.prepend_label("*").ok()?;
            let lookup = self.dns.lookup(star.clone(), kind);
            let answer = within(DNSSEC_LOOKUP_DEADLINE, lookup).await.ok()?;
            if let Ok(wildcard) = judge(&star, kind, answer)
                && wildcard.security == Security::Secure
                && same_records(&wildcard.records, &seen.records)
            {
                return Some(seen);
            }
            parent = parent.base_name();
        }
        None
    }
}

fn same_records(some: &[RData], others: &[RData]) -> bool {
    some.len() == others.len() && some.iter().all(|record| others.contains(record))
}

/// The same answer without a judgement, for where signatures are out of reach.
pub(super) async fn unvalidated(
    dns: &TokioResolver,
    name: Name,
    kind: RecordType,
) -> Result<Validated, ResolveError> {
    let mut validated = match within(DNSSEC_LOOKUP_DEADLINE, dns.lookup(name.clone(), kind)).await?
    {
        Ok(lookup) => collected(&name, kind, lookup.answers()),
        Err(error) => empty_or(&name, error, Security::Insecure)?,
    };
    validated.security = Security::Insecure;
    Ok(validated)
}

async fn within(
    deadline: Duration,
    lookup: impl Future<Output = Result<Lookup, NetError>>,
) -> Result<Result<Lookup, NetError>, ResolveError> {
    tokio::time::timeout(deadline, lookup)
        .await
        .map_err(|_| ResolveError::Timeout)
}

fn judge(
    name: &Name,
    kind: RecordType,
    answer: Result<Lookup, NetError>,
) -> Result<Validated, ResolveError> {
    let error = match answer {
        Ok(lookup) => {
            if lookup
                .answers()
                .iter()
                .any(|record| record.proof == Proof::Bogus)
            {
                return Err(ResolveError::Bogus);
            }
            return Ok(collected(name, kind, lookup.answers()));
        }
        Err(error) => error,
    };
    match &error {
        NetError::Dns(DnsError::DnssecBogus) => Err(ResolveError::Bogus),
        NetError::Dns(DnsError::Nsec { proof, .. }) if *proof == Proof::Bogus => {
            Err(ResolveError::Bogus)
        }
        // That there is nothing was not proven, and need not be: this part of the DNS is not signed.
        NetError::Dns(DnsError::Nsec { .. }) => Ok(nothing(name, Security::Insecure)),
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            let denial = none.authorities.as_deref().unwrap_or_default();
            let proven = !denial.is_empty() && denial.iter().all(is_secure);
            let security = if proven {
                Security::Secure
            } else {
                Security::Insecure
            };
            empty_or(name, error, security)
        }
        _ => empty_or(name, error, Security::Insecure),
    }
}

/// Signatures themselves carry no judgement.
fn is_secure(record: &Record) -> bool {
    record.proof.is_secure() || record.record_type() == RecordType::RRSIG
}

fn empty_or(name: &Name, error: NetError, security: Security) -> Result<Validated, ResolveError> {
    if error.is_no_records_found() || error.is_nx_domain() {
        return Ok(nothing(name, security));
    }
    tracing::debug!(%error, "DNS lookup failed");
    Err(match error {
        NetError::Timeout => ResolveError::Timeout,
        _ => ResolveError::Failed,
    })
}

fn nothing(name: &Name, security: Security) -> Validated {
    Validated {
        records: Vec::new(),
        canonical_name: text_of(name),
        security,
    }
}

fn collected(name: &Name, kind: RecordType, answers: &[Record]) -> Validated {
    let mut canonical = name.clone();
    for record in answers {
        if let RData::CNAME(target) = &record.data
            && record.name == canonical
        {
            canonical = target.0.clone();
        }
    }
    let relevant = |record: &&Record| {
        record.record_type() == kind || record.record_type() == RecordType::CNAME
    };
    let mut chain = answers.iter().filter(relevant).peekable();
    let security = if chain.peek().is_some() && chain.all(|record| record.proof.is_secure()) {
        Security::Secure
    } else {
        Security::Insecure
    };
    Validated {
        records: answers
            .iter()
            .filter(|record| record.record_type() == kind)
            .map(|record| record.data.clone())
            .collect(),
        canonical_name: text_of(&canonical),
        security,
    }
}

/// Lower case, no trailing dot.
pub(super) fn text_of(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}
