//! DANE: what the signed part of the DNS says of a mail server. RFC 7672 2.

use hickory_resolver::proto::rr::{RData, RecordType};

use super::MxTarget;
use super::refusal::{PolicyKind, ReportedAs, TlsRefusal};
use super::tlsa::TlsaRecord;
use crate::limits::TLSA_RECORDS_MAX;
use crate::resolver::{ResolveError, Resolver, Security, Validated};

/// What was found for one server.
pub(super) enum DaneFinding {
    /// No signed TLSA records.
    None,
    /// Signed records, none of which can be used.
    Unusable,
    /// Records to go by.
    Records {
        records: Vec<TlsaRecord>,
        base: String,
        names: Vec<String>,
    },
}

/// Whether DNSSEC vouches for `target.host` being a mail server of the domain.
///
/// Without that DANE is of no use, because whoever forges the MX record names a server of his own: RFC 7672 2.2.1.
pub(super) async fn mx_security(
    resolver: &Resolver,
    target: &MxTarget<'_>,
) -> Result<Security, TlsRefusal> {
    let answer = match resolver.validated(target.domain, RecordType::MX).await {
        Ok(answer) => answer,
        // RFC 7672 2.1.2: bogus is never a reason to go on less securely.
        Err(ResolveError::Bogus) => return Err(forged(target, "the MX records")),
        // The caller has found the server somehow; that the servers stumble here tells nothing about signatures.
        Err(_) => return Ok(Security::Insecure),
    };
    if answer.security == Security::Insecure {
        return Ok(Security::Insecure);
    }
    let listed = if answer.records.is_empty() {
        same_name(target.host, target.domain) || same_name(target.host, &answer.canonical_name)
    } else {
        answer.records.iter().any(|record| match record {
            RData::MX(mx) => same_name(&mx.exchange.to_ascii(), target.host),
            _ => false,
        })
    };
    if !listed {
        return Err(forged(
            target,
            "the domain's signed MX records do not name it; the answer",
        ));
    }
    Ok(Security::Secure)
}

/// Looks for TLSA records of a server whose MX record is signed.
pub(super) async fn find(
    resolver: &Resolver,
    target: &MxTarget<'_>,
) -> Result<DaneFinding, TlsRefusal> {
    // RFC 7672 2.2.2: without signed addresses the TLSA records are not asked for; name servers that
    // cannot answer the question are found in unsigned zones.
    let addresses = signed_addresses(resolver, target).await?;
    if addresses.security == Security::Insecure {
        return Ok(DaneFinding::None);
    }
    let mut bases = vec![addresses.canonical_name];
    if !same_name(&bases[0], target.host) {
        bases.push(target.host.to_ascii_lowercase());
    }
    for base in &bases {
        let owner = format!("_{}._tcp.{base}", target.port);
        let answer = match resolver.validated(&owner, RecordType::TLSA).await {
            Ok(answer) => answer,
            Err(ResolveError::Bogus) => return Err(forged(target, "its TLSA records")),
            // RFC 7672 2.1.1: records that may exist and cannot be had are no licence to go without.
            Err(error) => return Err(unknown(target, "its TLSA records", &error)),
        };
        if answer.security == Security::Insecure || answer.records.is_empty() {
            continue;
        }
        return Ok(usable(&answer, base, target, &bases));
    }
    Ok(DaneFinding::None)
}

async fn signed_addresses(
    resolver: &Resolver,
    target: &MxTarget<'_>,
) -> Result<Validated, TlsRefusal> {
    let mut absent = None;
    for kind in [RecordType::A, RecordType::AAAA] {
        match resolver.validated(target.host, kind).await {
            Ok(answer) if !answer.records.is_empty() => return Ok(answer),
            Ok(answer) => absent = Some(answer),
            Err(ResolveError::Bogus) => return Err(forged(target, "its addresses")),
            Err(error) => return Err(unknown(target, "its addresses", &error)),
        }
    }
    let mut nothing = absent.expect("one kind was asked for");
    nothing.security = Security::Insecure;
    Ok(nothing)
}

fn usable(answer: &Validated, base: &str, target: &MxTarget<'_>, bases: &[String]) -> DaneFinding {
    let records: Vec<TlsaRecord> = answer
        .records
        .iter()
        .filter_map(|record| match record {
            RData::TLSA(tlsa) => TlsaRecord::usable(tlsa),
            _ => None,
        })
        .take(TLSA_RECORDS_MAX)
        .collect();
    if records.is_empty() {
        return DaneFinding::Unusable;
    }
    // RFC 7672 3.2.2: the base first, then the names it was reached by.
    let mut names = vec![base.to_owned()];
    for name in bases.iter().map(String::as_str).chain([target.domain]) {
        if !names.iter().any(|known| same_name(known, name)) {
            names.push(name.to_ascii_lowercase());
        }
    }
    DaneFinding::Records {
        records,
        base: base.to_owned(),
        names,
    }
}

fn same_name(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    bare(one) == bare(other)
}

fn forged(target: &MxTarget<'_>, what: &str) -> TlsRefusal {
    let reason = format!("{what} failed DNSSEC validation");
    TlsRefusal::new(
        PolicyKind::Dane,
        target.host,
        ReportedAs::DnssecInvalid,
        reason,
    )
}

fn unknown(target: &MxTarget<'_>, what: &str, error: &ResolveError) -> TlsRefusal {
    let reason = format!("cannot look up {what}, which its signed zone may hold: {error}");
    TlsRefusal::new(
        PolicyKind::Dane,
        target.host,
        ReportedAs::DnssecInvalid,
        reason,
    )
}
