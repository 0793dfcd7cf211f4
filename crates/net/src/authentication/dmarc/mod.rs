//! Does the author's domain stand behind the message? (RFC 9989)

mod record;
mod request;

pub use self::request::{Published, ReportAddress, ReportRequest, report_request};

use self::record::{Alignment, Record, Suffix};
use super::dns::{Dns, NotFound};
use super::domain;
use super::limits::{DMARC_AUTHORS_MAX, DMARC_WALK_QUERIES_MAX};
use super::verdict::{Aligned, DmarcResult, DmarcVerdict, Policy};

/// A domain that SPF or DKIM has authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authenticated<'a> {
    /// By SPF.
    Spf(&'a str),
    /// By a DKIM signature.
    Dkim(&'a str),
}

impl<'a> Authenticated<'a> {
    fn domain(self) -> &'a str {
        match self {
            Self::Spf(domain) | Self::Dkim(domain) => domain,
        }
    }
}

/// What the DNS says above one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walk {
    /// The record that counts and the domain it was found at.
    found: Option<(Record, String)>,
    organization: String,
    exists: bool,
}

/// Reads a record and says whether it is one; for fuzzing and for telling an operator.
pub fn is_valid_record(text: &[u8]) -> bool {
    Record::parse(text).is_some()
}

/// Walks up from a domain (RFC 9989 4.10). The domain is canonical.
pub(super) async fn walk(dns: &dyn Dns, domain: &str) -> Result<Walk, NotFound> {
    let mut records: Vec<(Record, String)> = Vec::new();
    for name in names_to_ask(domain) {
        let Some(record) = record_at(dns, &name).await? else {
            continue;
        };
        records.push((record, name));
        if record.suffix != Suffix::Unknown {
            break;
        }
    }
    let organization = organization(domain, &records);
    let found = policy_record(domain, &organization, &records);
    let is_below = found.as_ref().is_some_and(|(_, name)| name != domain);
    Ok(Walk {
        exists: !is_below || exists(dns, domain).await?,
        found,
        organization,
    })
}

/// RFC 9989 4.10: the domain, then its parents down to one label; of a long name the seven last labels follow at once.
fn names_to_ask(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let mut names = vec![domain.to_owned()];
    let longest_parent = (labels.len() - 1).min(DMARC_WALK_QUERIES_MAX - 1);
    for length in (1..=longest_parent).rev() {
        names.push(labels[labels.len() - length..].join("."));
    }
    names
}

/// Returns the one record at a name; several are as good as none.
async fn record_at(dns: &dyn Dns, name: &str) -> Result<Option<Record>, NotFound> {
    Ok(text_at(dns, name).await?.map(|(record, _)| record))
}

/// The same with its text.
async fn text_at(dns: &dyn Dns, name: &str) -> Result<Option<(Record, Vec<u8>)>, NotFound> {
    let texts = match dns.txt(&format!("_dmarc.{name}")).await {
        Ok(texts) => texts,
        Err(NotFound::NoName) => return Ok(None),
        Err(NotFound::Trouble) => return Err(NotFound::Trouble),
    };
    let mut records = texts
        .into_iter()
        .filter_map(|text| Some((Record::parse(&text)?, text)));
    match (records.next(), records.next()) {
        (Some(only), None) => Ok(Some(only)),
        _ => Ok(None),
    }
}

/// RFC 9989 4.10.2.
fn organization(domain: &str, records: &[(Record, String)]) -> String {
    let Some((last, name)) = records.last() else {
        return domain.to_owned();
    };
    if last.suffix == Suffix::Public && name != domain {
        // The name one label below the public suffix, on the way to the domain.
        let depth = name.split('.').count() + 1;
        let labels: Vec<&str> = domain.split('.').collect();
        return labels[labels.len() - depth..].join(".");
    }
    name.clone()
}

/// RFC 9989 4.10.1: the record of the domain itself, else its organization's, else the public suffix's above that.
fn policy_record(
    domain: &str,
    organization: &str,
    records: &[(Record, String)],
) -> Option<(Record, String)> {
    let at = |name: &str| records.iter().find(|(_, found)| found == name);
    at(domain)
        .or_else(|| at(organization))
        .or_else(|| records.last())
        .cloned()
}

/// RFC 8020: a name of which any question says so does not exist.
async fn exists(dns: &dyn Dns, domain: &str) -> Result<bool, NotFound> {
    match dns.a(domain).await {
        Ok(_) => Ok(true),
        Err(NotFound::NoName) => Ok(false),
        Err(NotFound::Trouble) => Err(NotFound::Trouble),
    }
}

/// Gives the verdict about all authors: the one of the domain that fares worst.
///
/// RFC 9989 leaves mail of several authors to the receiver. Somebody who may write for one of them must not speak for
/// the others.
pub(super) async fn verdict(
    dns: &dyn Dns,
    authors: &[String],
    walks: Vec<Result<Walk, NotFound>>,
    authenticated: &[Authenticated<'_>],
) -> DmarcVerdict {
    if authors.is_empty() || authors.len() > DMARC_AUTHORS_MAX {
        return of(authors.first(), DmarcResult::PermError);
    }
    let mut worst: Option<DmarcVerdict> = None;
    for (author, walk) in authors.iter().zip(walks) {
        let verdict = one_author(dns, author, walk, authenticated).await;
        let is_worse = worst
            .as_ref()
            .is_none_or(|worst| severity(&verdict) > severity(worst));
        if is_worse {
            worst = Some(verdict);
        }
    }
    worst.unwrap_or_else(|| of(authors.first(), DmarcResult::PermError))
}

/// Returns a verdict without a policy.
pub(super) fn of(author: Option<&String>, result: DmarcResult) -> DmarcVerdict {
    DmarcVerdict {
        result,
        domain: author.cloned().unwrap_or_default(),
        policy: None,
        aligned: Aligned::default(),
        policy_domain: String::new(),
    }
}

fn severity(verdict: &DmarcVerdict) -> u8 {
    match (verdict.result, verdict.policy) {
        (DmarcResult::Pass, _) => 0,
        (DmarcResult::None, _) => 1,
        (DmarcResult::TempError, _) => 2,
        (DmarcResult::PermError, _) => 3,
        (DmarcResult::Fail, None | Some(Policy::None)) => 4,
        (DmarcResult::Fail, Some(Policy::Quarantine)) => 5,
        (DmarcResult::Fail, Some(Policy::Reject)) => 6,
    }
}

async fn one_author(
    dns: &dyn Dns,
    author: &str,
    walk: Result<Walk, NotFound>,
    authenticated: &[Authenticated<'_>],
) -> DmarcVerdict {
    let author = author.to_owned();
    let Ok(walk) = walk else {
        return of(Some(&author), DmarcResult::TempError);
    };
    let Some((record, policy_domain)) = &walk.found else {
        return of(Some(&author), DmarcResult::None);
    };
    let aligned = aligned(dns, &author, &walk, record, authenticated).await;
    let result = match &aligned {
        Ok(aligned) if aligned.spf || aligned.dkim => DmarcResult::Pass,
        Ok(_) => DmarcResult::Fail,
        Err(_) => DmarcResult::TempError,
    };
    DmarcVerdict {
        result,
        aligned: aligned.unwrap_or_default(),
        policy: Some(record.policy_for(*policy_domain == author, walk.exists)),
        policy_domain: policy_domain.clone(),
        domain: author,
    }
}

/// RFC 9989 4.4: a pass counts only for a domain that is aligned with the author's.
///
/// What cannot change the verdict any more is not asked about: of the other mechanism, a domain of the same organisation is
/// taken as aligned then.
async fn aligned(
    dns: &dyn Dns,
    author: &str,
    walk_of_author: &Walk,
    record: &Record,
    authenticated: &[Authenticated<'_>],
) -> Result<Aligned, NotFound> {
    let mut found = Aligned::default();
    for other in authenticated.iter().filter(|one| one.domain() == author) {
        note(&mut found, *other);
    }
    let mut trouble = None;
    for other in authenticated {
        let alignment = match other {
            Authenticated::Spf(_) => record.spf,
            Authenticated::Dkim(_) => record.dkim,
        };
        let domain = other.domain();
        let organization = &walk_of_author.organization;
        // Another organization's name needs no walk to be told.
        if alignment == Alignment::Strict || !domain::is_within(domain, organization) {
            continue;
        }
        if found.spf || found.dkim {
            note(&mut found, *other);
            continue;
        }
        match walk(dns, domain).await {
            Ok(walk) if walk.organization == *organization => note(&mut found, *other),
            Ok(_) => {}
            Err(error) => trouble = Some(error),
        }
    }
    match trouble {
        Some(error) if !found.spf && !found.dkim => Err(error),
        _ => Ok(found),
    }
}

fn note(aligned: &mut Aligned, other: Authenticated<'_>) {
    match other {
        Authenticated::Spf(_) => aligned.spf = true,
        Authenticated::Dkim(_) => aligned.dkim = true,
    }
}

#[cfg(test)]
mod tests;
