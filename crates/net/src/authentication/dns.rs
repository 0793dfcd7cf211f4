//! The questions that authentication asks of the DNS.
//!
//! [`Dns`] is the seam: everything in this module knows the trait only, so tests answer from a table.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;

use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::resolver::{Records, Resolver};

/// What a question becomes.
pub type Found<'a, T> = Pin<Box<dyn Future<Output = Result<Vec<T>, NotFound>> + Send + 'a>>;

/// Why there is no answer. That a name has no records of a type is an answer: an empty list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// RFC 8020: neither the name nor anything under it exists.
    #[error("no such name")]
    NoName,
    /// The name servers could not say, or not in time; asking later may help.
    #[error("the name servers gave no answer")]
    Trouble,
}

/// Something that answers. Names are given without a trailing dot; each answer must come within bounded time.
pub trait Dns: Send + Sync {
    /// Returns the TXT records of a name, the strings of each joined.
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>>;
    /// Returns the IPv4 addresses of a name.
    fn a<'a>(&'a self, name: &'a str) -> Found<'a, Ipv4Addr>;
    /// Returns the IPv6 addresses of a name.
    fn aaaa<'a>(&'a self, name: &'a str) -> Found<'a, Ipv6Addr>;
    /// Returns the hosts that take a name's mail, in any order; the null MX is the empty name.
    fn mx<'a>(&'a self, name: &'a str) -> Found<'a, String>;
    /// Returns the names of an address.
    fn ptr(&self, address: IpAddr) -> Found<'_, String>;
}

impl Dns for Resolver {
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async move {
            let records = ask(self, name, RecordType::TXT).await?;
            Ok(collect(&records, |data| match data {
                RData::TXT(txt) => Some(txt.txt_data.concat()),
                _ => None,
            }))
        })
    }

    fn a<'a>(&'a self, name: &'a str) -> Found<'a, Ipv4Addr> {
        Box::pin(async move {
            let records = ask(self, name, RecordType::A).await?;
            Ok(collect(&records, |data| match data {
                RData::A(address) => Some(address.0),
                _ => None,
            }))
        })
    }

    fn aaaa<'a>(&'a self, name: &'a str) -> Found<'a, Ipv6Addr> {
        Box::pin(async move {
            let records = ask(self, name, RecordType::AAAA).await?;
            Ok(collect(&records, |data| match data {
                RData::AAAA(address) => Some(address.0),
                _ => None,
            }))
        })
    }

    fn mx<'a>(&'a self, name: &'a str) -> Found<'a, String> {
        Box::pin(async move {
            let records = ask(self, name, RecordType::MX).await?;
            Ok(collect(&records, |data| match data {
                RData::MX(mx) => Some(plain(&mx.exchange)),
                _ => None,
            }))
        })
    }

    fn ptr(&self, address: IpAddr) -> Found<'_, String> {
        Box::pin(async move {
            let records = settle(self.records(Name::from(address), RecordType::PTR).await)?;
            Ok(collect(&records, |data| match data {
                RData::PTR(name) => Some(plain(&name.0)),
                _ => None,
            }))
        })
    }
}

async fn ask(resolver: &Resolver, name: &str, kind: RecordType) -> Result<Vec<RData>, NotFound> {
    // A text that is no name has no records, and nobody need be asked. Host names are not the only ones: labels of SPF
    // and DKIM have underscores and colons in them.
    let labels = name.split('.').map(str::as_bytes);
    let mut name = Name::from_labels(labels).map_err(|_| NotFound::NoName)?;
    name.set_fqdn(true);
    settle(resolver.records(name, kind).await)
}

fn settle(records: Records) -> Result<Vec<RData>, NotFound> {
    match records {
        Records::Some(records) => Ok(records),
        Records::NoName => Err(NotFound::NoName),
        Records::Trouble => Err(NotFound::Trouble),
    }
}

fn collect<T>(records: &[RData], take: impl Fn(&RData) -> Option<T>) -> Vec<T> {
    records.iter().filter_map(take).collect()
}

fn plain(name: &Name) -> String {
    // Not `to_ascii`, which escapes what is rare in names.
    let labels: Vec<String> = name
        .iter()
        .map(|label| String::from_utf8_lossy(label).to_ascii_lowercase())
        .collect();
    labels.join(".")
}
