//! Names to addresses.
//!
//! [`Resolve`] is the seam: the guarded client knows the trait only, so tests can make a name answer one thing
//! now and another later. [`Resolver`] is the real one. It asks the system's name servers, or the one server
//! that the operator named; in the latter case the hosts file is left out too, because "use this server" means it.
//!
//! Names are always asked as they stand, never with the system's search domains appended: a URL of a stranger
//! shall not find `intranet.corp.example` by saying `intranet`.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;

use crate::guard::is_localhost;
use crate::limits::{
    DNS_ATTEMPT_DEADLINE, DNS_CACHE_AGE_MAX, DNS_CACHE_ANSWERS_MAX, DNS_LOOKUP_DEADLINE,
    DNS_RETRIES_MAX,
};

/// What a lookup becomes.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, ResolveError>> + Send + 'a>>;

/// Something that turns names into addresses.
pub trait Resolve: Send + Sync {
    /// Returns every IPv4 and IPv6 address of `name` (lower case, A-labels, no trailing dot), at least one.
    ///
    /// Must end within bounded time, and may be dropped at any moment.
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a>;
}

/// Why a name has no addresses for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist or has neither A nor AAAA records.
    #[error("no such host")]
    NotFound,
    /// The name servers could not say; asking later may help.
    #[error("the name servers gave no answer")]
    Failed,
    /// The name servers were silent.
    #[error("the name servers did not answer in time")]
    Timeout,
}

/// The resolver could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the DNS resolver: {0}")]
pub struct ResolverSetupError(#[from] NetError);

/// The resolver over DNS. Cheap to clone; clones share the cache.
#[derive(Clone)]
pub struct Resolver {
    dns: TokioResolver,
}

impl Resolver {
    /// Uses the name servers and the hosts file of the system.
    ///
    /// A system without such configuration gets a resolver that fails every lookup but `localhost`, with a
    /// warning in the log: a server that only receives mail can live with that.
    pub fn system() -> Result<Self, ResolverSetupError> {
        let (config, options) = read_system_conf().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read the system's DNS configuration; names cannot be resolved");
            (ResolverConfig::from_name_servers(Vec::new()), ResolverOpts::default())
        });
        Self::build(config, options, ResolveHosts::Always)
    }

    /// Uses one name server and nothing else (`--dns ADDR:PORT`).
    pub fn at(server: SocketAddr) -> Result<Self, ResolverSetupError> {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
        let name_server = NameServerConfig::new(server.ip(), true, connections.into());
        let config = ResolverConfig::from_name_servers(vec![name_server]);
        Self::build(config, ResolverOpts::default(), ResolveHosts::Never)
    }

    fn build(
        config: ResolverConfig,
        mut options: ResolverOpts,
        hosts: ResolveHosts,
    ) -> Result<Self, ResolverSetupError> {
        options.timeout = DNS_ATTEMPT_DEADLINE;
        options.attempts = DNS_RETRIES_MAX;
        options.cache_size = DNS_CACHE_ANSWERS_MAX;
        options.positive_max_ttl = Some(DNS_CACHE_AGE_MAX);
        options.negative_max_ttl = Some(DNS_CACHE_AGE_MAX);
        options.use_hosts_file = hosts;

        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        Ok(Self {
            dns: builder.build()?,
        })
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        if is_localhost(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let mut absolute_name = Name::from_ascii(name).map_err(|_| ResolveError::NotFound)?;
        absolute_name.set_fqdn(true);

        let both = async {
            tokio::join!(
                self.dns.lookup(absolute_name.clone(), RecordType::A),
                self.dns.lookup(absolute_name.clone(), RecordType::AAAA),
            )
        };
        let (v4, v6) = tokio::time::timeout(DNS_LOOKUP_DEADLINE, both)
            .await
            .map_err(|_| ResolveError::Timeout)?;
        combine(addresses_in(v4), addresses_in(v6))
    }
}

impl Resolve for Resolver {
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a> {
        Box::pin(self.addresses(name))
    }
}

/// Puts the two families together. One family failing while the other answers is common (name servers that stumble
/// over AAAA) and harmless here: only addresses that were answered, and checked, are ever connected to.
fn combine(
    v4: Result<Vec<IpAddr>, ResolveError>,
    v6: Result<Vec<IpAddr>, ResolveError>,
) -> Result<Vec<IpAddr>, ResolveError> {
    match (v4, v6) {
        (Ok(mut first), Ok(second)) => {
            first.extend(second);
            Ok(first)
        }
        (Ok(addresses), Err(_)) | (Err(_), Ok(addresses)) => Ok(addresses),
        // "Cannot say" wins over "does not exist": the caller may ask again.
        (Err(ResolveError::NotFound), Err(other)) | (Err(other), Err(_)) => Err(other),
    }
}

fn addresses_in(lookup: Result<Lookup, NetError>) -> Result<Vec<IpAddr>, ResolveError> {
    let lookup = lookup.map_err(|error| {
        if error.is_no_records_found() || error.is_nx_domain() {
            return ResolveError::NotFound;
        }
        tracing::debug!(%error, "DNS lookup failed");
        match error {
            NetError::Timeout => ResolveError::Timeout,
            _ => ResolveError::Failed,
        }
    })?;
    let addresses: Vec<IpAddr> = lookup
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::A(v4) => Some(IpAddr::V4(v4.0)),
            RData::AAAA(v6) => Some(IpAddr::V6(v6.0)),
            _ => None,
        })
        .collect();
    if addresses.is_empty() {
        return Err(ResolveError::NotFound);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_names_are_answered_without_a_name_server() {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let resolver = Resolver::at(silent.local_addr().unwrap()).unwrap();
        for name in ["localhost", "hooks.localhost", "LOCALHOST"] {
            let addresses = resolver.lookup(name).await.unwrap();
            assert!(
                addresses.iter().all(IpAddr::is_loopback),
                "{name}: {addresses:?}"
            );
        }
    }

    #[test]
    fn one_family_is_enough_and_trouble_wins_over_absence() {
        let v4: IpAddr = "192.0.2.1".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(combine(Ok(vec![v4]), Ok(vec![v6])), Ok(vec![v4, v6]));
        assert_eq!(
            combine(Ok(vec![v4]), Err(ResolveError::Failed)),
            Ok(vec![v4])
        );
        assert_eq!(
            combine(Err(ResolveError::NotFound), Ok(vec![v6])),
            Ok(vec![v6])
        );
        assert_eq!(
            combine(Err(ResolveError::NotFound), Err(ResolveError::NotFound)),
            Err(ResolveError::NotFound)
        );
        assert_eq!(
            combine(Err(ResolveError::NotFound), Err(ResolveError::Timeout)),
            Err(ResolveError::Timeout)
        );
        assert_eq!(
            combine(Err(ResolveError::Failed), Err(ResolveError::NotFound)),
            Err(ResolveError::Failed)
        );
    }
}
