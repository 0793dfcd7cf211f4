//! DNS as it is now: what a domain's own name servers say, past our cache and everybody else's.
//!
//! Somebody who has just published a record wants to see it found, and a cache that remembers its absence would say no
//! for an hour. So the servers that are authoritative for the zone are asked themselves. Where they cannot be reached
//! (port 53 is closed to the outside in many networks) the configured name servers are asked, with nothing kept here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::{Resolver, ResolverSetupError, Setup};
use crate::address_class::{AddressClass, classify};
use crate::authentication::dns::{Dns, Found, NotFound};
use crate::authentication::spf;
use crate::authentication::verdict::SpfResult;
use crate::limits::{DNS_AUTHORITIES_ASKED_MAX, DNS_LIVE_DEADLINE};

/// Why nobody can tell what a name has now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// No name server gave an answer that can be used.
    #[error("the name servers gave no answer for {name}")]
    Failed {
        /// What was asked for.
        name: String,
    },
    /// The name is none.
    #[error("{name} is no name")]
    NoName {
        /// What was asked for.
        name: String,
    },
}

/// A mail exchanger as published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchange {
    /// The lowest comes first.
    pub preference: u16,
    /// Lower case without a trailing dot; empty for the null MX of RFC 7505.
    pub host: String,
}

/// Looks past every cache. Cheap to clone.
#[derive(Clone)]
pub struct LiveDns {
    configured: TokioResolver,
    options: ResolverOpts,
    /// Whether the servers of the zone are asked first: not when the operator named one server for everything.
    asks_authorities: bool,
}

impl Resolver {
    /// Returns the means to look past every cache.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn live(&self) -> Result<LiveDns, ResolverSetupError> {
        let options = forgetful(&self.setup.options);
        let setup = Setup {
            config: self.setup.config.clone(),
            options: options.clone(),
        };
        Ok(LiveDns {
            configured: setup.build(None)?,
            asks_authorities: options.use_hosts_file != ResolveHosts::Never,
            options,
        })
    }
}

fn forgetful(options: &ResolverOpts) -> ResolverOpts {
    let mut options = options.clone();
    options.cache_size = 0;
    options.positive_max_ttl = Some(Duration::ZERO);
    options.negative_max_ttl = Some(Duration::ZERO);
    options
}

impl LiveDns {
    /// Returns the TXT records of a name, each with its strings joined; empty when there are none.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, LiveError> {
        let records = self.records(name, RecordType::TXT).await?;
        let text = |record: &RData| match record {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(records.iter().filter_map(text).collect())
    }

    /// Returns the mail exchangers of a name, the most preferred first; empty when there are none.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn exchanges(&self, name: &str) -> Result<Vec<Exchange>, LiveError> {
        let records = self.records(name, RecordType::MX).await?;
        let exchange = |record: &RData| match record {
            RData::MX(mx) => Some(Exchange {
                preference: mx.preference,
                host: plain(&mx.exchange),
            }),
            _ => None,
        };
        let mut exchanges: Vec<Exchange> = records.iter().filter_map(exchange).collect();
        exchanges.sort();
        Ok(exchanges)
    }

    /// Returns the IPv4 and IPv6 addresses of a name; empty when it has none.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LiveError> {
        let (v4, v6) = tokio::join!(
            self.records(name, RecordType::A),
            self.records(name, RecordType::AAAA),
        );
        let records = match (v4, v6) {
            (Ok(v4), Ok(v6)) => [v4, v6].concat(),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => some,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let address = |record: &RData| match record {
            RData::A(v4) => Some(IpAddr::V4(v4.0)),
            RData::AAAA(v6) => Some(IpAddr::V6(v6.0)),
            _ => None,
        };
        Ok(records.iter().filter_map(address).collect())
    }

    /// Returns the names that an address points back to; empty when there are none.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn names_of(&self, address: IpAddr) -> Result<Vec<String>, LiveError> {
        let name = Name::from(address);
        let records = ask(&self.configured, &name, RecordType::PTR).await;
        let records = records
            .ok()
            .ok_or_else(|| LiveError::Failed { name: plain(&name) })?;
        let pointed = |record: &RData| match record {
            RData::PTR(name) => Some(plain(&name.0)),
            _ => None,
        };
        Ok(records.iter().filter_map(pointed).collect())
    }

    /// Evaluates a domain's SPF for mail from an address, as RFC 7208 says; returns the word of the result.
    ///
    /// # Errors
    /// [`LiveError`] when it is `temperror`.
    pub async fn spf(&self, address: IpAddr, domain: &str) -> Result<&'static str, LiveError> {
        let query = spf::Query {
            peer: address,
            helo: domain,
            local_part: "postmaster",
            domain,
        };
        match spf::check_host(self, query).await {
            SpfResult::TempError => Err(LiveError::Failed {
                name: domain.to_owned(),
            }),
            result => Ok(result.word()),
        }
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, LiveError> {
        let mut asked = Name::from_ascii(name).map_err(|_| LiveError::NoName {
            name: name.to_owned(),
        })?;
        asked.set_fqdn(true);
        if self.asks_authorities
            && let Some(authority) = self.authority(&asked).await
            && let Ok(records) = ask(&authority, &asked, kind).await
        {
            return Ok(records);
        }
        let answer = ask(&self.configured, &asked, kind).await;
        answer.map_err(|_| LiveError::Failed {
            name: name.to_owned(),
        })
    }

    /// Returns a resolver over the name servers of the zone that a name is in.
    async fn authority(&self, name: &Name) -> Option<TokioResolver> {
        let servers = self.name_servers(name).await?;
        let mut options = self.options.clone();
        options.recursion_desired = false;
        options.use_hosts_file = ResolveHosts::Never;
        let config = ResolverConfig::from_name_servers(servers.iter().map(at_port_53).collect());
        Setup { config, options }.build(None).ok()
    }

    /// Returns addresses of the servers that are named for the nearest name above that has any. Only public ones: whom a
    /// stranger's zone names is not to make us send into our own network.
    async fn name_servers(&self, name: &Name) -> Option<Vec<IpAddr>> {
        let mut zone = name.clone();
        while zone.num_labels() >= 2 {
            let named = ask(&self.configured, &zone, RecordType::NS).await.ok()?;
            let hosts: Vec<String> = named
                .iter()
                .filter_map(|record| match record {
                    RData::NS(host) => Some(host.0.to_ascii()),
                    _ => None,
                })
                .take(DNS_AUTHORITIES_ASKED_MAX)
                .collect();
            if !hosts.is_empty() {
                return self.public_addresses(&hosts).await;
            }
            zone = zone.base_name();
        }
        None
    }

    async fn public_addresses(&self, hosts: &[String]) -> Option<Vec<IpAddr>> {
        let look_ups = hosts.iter().map(|host| async move {
            let host = Name::from_ascii(host).ok()?;
            ask(&self.configured, &host, RecordType::A).await.ok()
        });
        let mut addresses = Vec::new();
        for look_up in look_ups {
            for record in look_up.await.unwrap_or_default() {
                if let RData::A(v4) = record
                    && classify(v4.0.into()) == AddressClass::Global
                {
                    addresses.push(v4.0.into());
                }
            }
        }
        addresses.truncate(DNS_AUTHORITIES_ASKED_MAX);
        (!addresses.is_empty()).then_some(addresses)
    }
}

impl Dns for LiveDns {
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async move {
            let texts = self.texts(name).await.map_err(trouble)?;
            Ok(texts.into_iter().map(String::into_bytes).collect())
        })
    }

    fn a<'a>(&'a self, name: &'a str) -> Found<'a, Ipv4Addr> {
        Box::pin(async move {
            let records = self.records(name, RecordType::A).await.map_err(trouble)?;
            let address = |record: RData| match record {
                RData::A(address) => Some(address.0),
                _ => None,
            };
            Ok(records.into_iter().filter_map(address).collect())
        })
    }

    fn aaaa<'a>(&'a self, name: &'a str) -> Found<'a, Ipv6Addr> {
        Box::pin(async move {
            let records = self.records(name, RecordType::AAAA).await;
            let address = |record: RData| match record {
                RData::AAAA(address) => Some(address.0),
                _ => None,
            };
            let records = records.map_err(trouble)?.into_iter();
            Ok(records.filter_map(address).collect())
        })
    }

    fn mx<'a>(&'a self, name: &'a str) -> Found<'a, String> {
        Box::pin(async move {
            let exchanges = self.exchanges(name).await.map_err(trouble)?;
            Ok(exchanges.into_iter().map(|one| one.host).collect())
        })
    }

    fn ptr(&self, address: IpAddr) -> Found<'_, String> {
        Box::pin(async move { self.names_of(address).await.map_err(trouble) })
    }
}

fn trouble(_: LiveError) -> NotFound {
    NotFound::Trouble
}

fn at_port_53(address: &IpAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    NameServerConfig::new(*address, true, connections.into())
}

/// Returns the records of one type; none at all is an answer, a referral or a failure is not.
async fn ask(dns: &TokioResolver, name: &Name, kind: RecordType) -> Result<Vec<RData>, ()> {
    let look_up = dns.lookup(name.clone(), kind);
    let answer = tokio::time::timeout(DNS_LIVE_DEADLINE, look_up)
        .await
        .map_err(|_| ())?;
    match answer {
        Ok(found) => {
            let records = found.answers().iter().map(|record| record.data.clone());
            let wanted: Vec<RData> = records.filter(|data| data.record_type() == kind).collect();
            // An alias whose target this server does not know.
            if wanted.is_empty() && !found.answers().is_empty() {
                return Err(());
            }
            Ok(wanted)
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none)))
            if none.soa.is_none() && none.ns.is_some() =>
        {
            Err(())
        }
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
        Err(error) => {
            tracing::debug!(%error, "live DNS lookup failed");
            Err(())
        }
    }
}

pub(super) fn plain(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    text.trim_end_matches('.').to_owned()
}
