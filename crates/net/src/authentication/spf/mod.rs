//! May this address send for this domain? (RFC 7208)

mod macros;
mod record;

use std::borrow::Cow;
use std::net::IpAddr;
use std::pin::Pin;

use self::macros::{DomainSpec, Values};
use self::record::{Mechanism, Qualifier, Record, Target};
use super::dns::{Dns, NotFound};
use super::domain;
use super::limits::{SPF_EXCHANGES_MAX, SPF_LOOKUPS_MAX, SPF_NAMES_MAX, SPF_VOID_LOOKUPS_MAX};
use super::verdict::SpfResult;

/// Who is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The peer.
    pub peer: IpAddr,
    /// What it called itself.
    pub helo: &'a str,
    /// The local part of the sender; `postmaster` when there is none.
    pub local_part: &'a str,
    /// The domain of the sender, or the HELO name.
    pub domain: &'a str,
}

/// Returns what the domain's record says of the peer: the function `check_host()` of RFC 7208 4.
///
/// Total over anything published: ten look-ups at most, two of them without an answer. The time is the caller's to bound.
pub async fn check_host(dns: &dyn Dns, query: Query<'_>) -> SpfResult {
    let Some(domain) = domain::canonical(query.domain) else {
        return SpfResult::None;
    };
    let mut check = Check {
        dns,
        query: Query {
            peer: query.peer.to_canonical(),
            ..query
        },
        lookups: 0,
        void_lookups: 0,
        name: None,
    };
    match check.domain(domain).await {
        Ok(result) => result,
        Err(Stop::Permanent) => SpfResult::PermError,
        Err(Stop::Temporary) => SpfResult::TempError,
    }
}

/// Reads a record and says whether it is one; for fuzzing and for telling an operator.
pub fn is_valid_record(text: &[u8]) -> bool {
    record::is_record(text) && Record::parse(text).is_ok()
}

/// The evaluation ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Permanent,
    Temporary,
}

impl From<record::SyntaxError> for Stop {
    fn from(_: record::SyntaxError) -> Self {
        Self::Permanent
    }
}

/// One evaluation, its includes and redirects included.
struct Check<'a> {
    dns: &'a dyn Dns,
    query: Query<'a>,
    lookups: usize,
    void_lookups: usize,
    /// The peer's validated name, once it was needed.
    name: Option<String>,
}

type Evaluation<'c> = Pin<Box<dyn Future<Output = Result<SpfResult, Stop>> + Send + 'c>>;

impl Check<'_> {
    /// Evaluates the record of one domain.
    fn domain(&mut self, domain: String) -> Evaluation<'_> {
        Box::pin(async move {
            let Some(record) = self.record(&domain).await? else {
                return Ok(SpfResult::None);
            };
            for (qualifier, mechanism) in &record.directives {
                if self.matches(mechanism, &domain).await? {
                    return Ok(result_of(*qualifier));
                }
            }
            let Some(target) = &record.redirect else {
                return Ok(SpfResult::Neutral);
            };
            self.count_lookup()?;
            let target = self.name_of(target, &domain).await?;
            // RFC 7208 6.1: a redirection to nothing is a mistake.
            match self.domain(target).await? {
                SpfResult::None => Err(Stop::Permanent),
                result => Ok(result),
            }
        })
    }

    /// Returns the one record a domain publishes.
    async fn record(&mut self, domain: &str) -> Result<Option<Record>, Stop> {
        if !domain::is_name(domain) {
            return Ok(None);
        }
        let texts = match self.dns.txt(domain).await {
            Ok(texts) => texts,
            Err(NotFound::NoName) => Vec::new(),
            Err(NotFound::Trouble) => return Err(Stop::Temporary),
        };
        let mut records = texts.iter().filter(|text| record::is_record(text));
        match (records.next(), records.next()) {
            (None, _) => Ok(None),
            (Some(text), None) => Ok(Some(Record::parse(text)?)),
            // RFC 7208 4.5: more than one is none that can be used.
            (Some(_), Some(_)) => Err(Stop::Permanent),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Stop> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, bits) => {
                Ok(in_network(self.query.peer, IpAddr::V4(*network), *bits, 0))
            }
            Mechanism::Ip6(network, bits) => {
                Ok(in_network(self.query.peer, IpAddr::V6(*network), 0, *bits))
            }
            Mechanism::Include(target) => {
                self.count_lookup()?;
                let target = self.name_of(target, domain).await?;
                self.included(target).await
            }
            Mechanism::A(target) => {
                self.count_lookup()?;
                let host = self.target(target, domain).await?;
                self.host_matches(&host, target).await
            }
            Mechanism::Mx(target) => {
                self.count_lookup()?;
                let host = self.target(target, domain).await?;
                self.exchange_matches(&host, target).await
            }
            Mechanism::Ptr(target) => {
                self.count_lookup()?;
                let target = match target {
                    Some(target) => self.name_of(target, domain).await?,
                    None => domain.to_owned(),
                };
                let names = self.validated_names().await;
                Ok(names.iter().any(|name| domain::is_within(name, &target)))
            }
            Mechanism::Exists(target) => {
                self.count_lookup()?;
                let host = self.name_of(target, domain).await?;
                // RFC 7208 5.7: an A record, whatever the peer's address family.
                let found = if domain::is_name(&host) {
                    self.dns.a(&host).await
                } else {
                    Err(NotFound::NoName)
                };
                Ok(!self.counted(found)?.is_empty())
            }
        }
    }

    /// RFC 7208 5.2: what the included record's result means here.
    async fn included(&mut self, target: String) -> Result<bool, Stop> {
        match self.domain(target).await? {
            SpfResult::Pass => Ok(true),
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => Ok(false),
            SpfResult::TempError => Err(Stop::Temporary),
            SpfResult::None | SpfResult::PermError => Err(Stop::Permanent),
        }
    }

    async fn host_matches(&mut self, host: &str, target: &Target) -> Result<bool, Stop> {
        let found = addresses(self.dns, host, self.query.peer).await;
        let addresses = self.counted(found)?;
        Ok(self.any_in_network(&addresses, target))
    }

    async fn exchange_matches(&mut self, host: &str, target: &Target) -> Result<bool, Stop> {
        let found = if domain::is_name(host) {
            self.dns.mx(host).await
        } else {
            Err(NotFound::NoName)
        };
        let exchanges = self.counted(found)?;
        // RFC 7208 4.6.4: more than ten hosts are a permanent error.
        if exchanges.len() > SPF_EXCHANGES_MAX {
            return Err(Stop::Permanent);
        }
        for exchange in exchanges {
            let found = addresses(self.dns, &exchange, self.query.peer).await;
            let addresses = self.counted(found)?;
            if self.any_in_network(&addresses, target) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn any_in_network(&self, addresses: &[IpAddr], target: &Target) -> bool {
        addresses
            .iter()
            .any(|address| in_network(self.query.peer, *address, target.bits4, target.bits6))
    }

    async fn target<'d>(&mut self, target: &Target, domain: &'d str) -> Result<Cow<'d, str>, Stop> {
        match &target.domain {
            None => Ok(Cow::Borrowed(domain)),
            Some(spec) => Ok(Cow::Owned(self.name_of(spec, domain).await?)),
        }
    }

    async fn name_of(&mut self, spec: &DomainSpec, domain: &str) -> Result<String, Stop> {
        if spec.needs_name() && self.name.is_none() {
            let names = self.validated_names().await;
            self.name = Some(preferred_name(&names, domain));
        }
        let values = Values {
            peer: self.query.peer,
            local_part: self.query.local_part,
            sender_domain: self.query.domain,
            domain,
            helo: self.query.helo,
            name: self.name.as_deref().unwrap_or("unknown"),
        };
        spec.expand(&values).ok_or(Stop::Permanent)
    }

    /// RFC 7208 5.5: the names of the peer that lead back to it. Trouble finds none.
    async fn validated_names(&mut self) -> Vec<String> {
        let mut validated = Vec::new();
        let names = self.dns.ptr(self.query.peer).await.unwrap_or_default();
        for name in names.into_iter().take(SPF_NAMES_MAX) {
            let addresses = addresses(self.dns, &name, self.query.peer).await;
            if addresses.is_ok_and(|addresses| addresses.contains(&self.query.peer)) {
                validated.push(name.to_ascii_lowercase());
            }
        }
        validated
    }

    /// RFC 7208 4.6.4: terms that ask the DNS, in all.
    fn count_lookup(&mut self) -> Result<(), Stop> {
        self.lookups += 1;
        if self.lookups > SPF_LOOKUPS_MAX {
            return Err(Stop::Permanent);
        }
        Ok(())
    }

    /// RFC 7208 4.6.4: questions without an answer, in all.
    fn counted<T>(&mut self, found: Result<Vec<T>, NotFound>) -> Result<Vec<T>, Stop> {
        let found = match found {
            Ok(found) => found,
            Err(NotFound::NoName) => Vec::new(),
            Err(NotFound::Trouble) => return Err(Stop::Temporary),
        };
        if found.is_empty() {
            self.void_lookups += 1;
            if self.void_lookups > SPF_VOID_LOOKUPS_MAX {
                return Err(Stop::Permanent);
            }
        }
        Ok(found)
    }
}

fn result_of(qualifier: Qualifier) -> SpfResult {
    match qualifier {
        Qualifier::Pass => SpfResult::Pass,
        Qualifier::Fail => SpfResult::Fail,
        Qualifier::SoftFail => SpfResult::SoftFail,
        Qualifier::Neutral => SpfResult::Neutral,
    }
}

/// Returns the addresses of a host in the peer's family.
async fn addresses(dns: &dyn Dns, host: &str, peer: IpAddr) -> Result<Vec<IpAddr>, NotFound> {
    if !domain::is_name(host) {
        return Err(NotFound::NoName);
    }
    Ok(match peer {
        IpAddr::V4(_) => dns.a(host).await?.into_iter().map(IpAddr::V4).collect(),
        IpAddr::V6(_) => dns.aaaa(host).await?.into_iter().map(IpAddr::V6).collect(),
    })
}

/// RFC 7208 7.3: the domain itself, else a name below it, else any, else `unknown`.
fn preferred_name(names: &[String], domain: &str) -> String {
    let same = names.iter().find(|name| *name == domain);
    let below = || names.iter().find(|name| domain::is_within(name, domain));
    let name = same.or_else(below).or_else(|| names.first());
    name.map_or_else(|| "unknown".to_owned(), Clone::clone)
}

fn in_network(peer: IpAddr, network: IpAddr, bits4: u8, bits6: u8) -> bool {
    match (peer, network) {
        (IpAddr::V4(peer), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits4)).unwrap_or(0);
            (peer.to_bits() ^ network.to_bits()) & mask == 0
        }
        (IpAddr::V6(peer), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits6)).unwrap_or(0);
            (peer.to_bits() ^ network.to_bits()) & mask == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
