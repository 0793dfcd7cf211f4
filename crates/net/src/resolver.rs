//! Names to addresses.
//!
//! [`Resolve`] is the seam: the guarded client knows the trait only, so tests can make a name answer one thing
//! now and another later. [`Resolver`] is the real one. It asks the system's name servers, or the one server
//! that the operator named; in the latter case the hosts file is left out too, because "use this server" means it.
//!
//! Names are always asked as they stand, never with the system's search domains appended: a URL of a stranger
//! shall not find `intranet.corp.example` by saying `intranet`.
//!
//! [`Resolver::validated`] says of an answer whether DNSSEC vouches for it.

mod exchanges;
mod live;
mod records;
mod validating;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;

pub use self::live::{Exchange, LiveDns, LiveError};
pub(crate) use self::records::Records;
use self::validating::Validating;
pub use self::validating::{DnssecState, Security, Validated};

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
    /// The answer's DNSSEC signatures are missing or wrong: somebody may have forged it.
    #[error("the answer's DNSSEC signatures are not valid")]
    Bogus,
}

/// The resolver could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ResolverSetupError {
    /// The library refused.
    #[error("cannot set up the DNS resolver: {0}")]
    Library(#[from] NetError),
    /// The anchor cannot be used.
    #[error("cannot use {path} as DNSSEC anchor (DNSKEY records, one a line): {reason}")]
    Anchor {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The resolver over DNS. Cheap to clone; clones share the cache.
#[derive(Clone)]
pub struct Resolver {
    dns: TokioResolver,
    validating: Arc<Validating>,
    setup: Arc<Setup>,
}

/// What the resolvers are made from.
struct Setup {
    config: ResolverConfig,
    options: ResolverOpts,
}

impl Setup {
    fn build(&self, anchors: Option<TrustAnchors>) -> Result<TokioResolver, NetError> {
        let mut builder = TokioResolver::builder_with_config(
            self.config.clone(),
            TokioRuntimeProvider::default(),
        );
        *builder.options_mut() = self.options.clone();
        if let Some(anchors) = anchors {
            builder.options_mut().preserve_intermediates = true;
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        builder.build()
    }
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

        let setup = Setup { config, options };
        let validating = Validating::new(setup.build(Some(TrustAnchors::default()))?, false);
        Ok(Self {
            dns: setup.build(None)?,
            validating: Arc::new(validating),
            setup: Arc::new(setup),
        })
    }

    /// Trusts the keys of this file instead of the public root's, and every answer of [`Self::validated`] must be provable
    /// from them (`--dns-anchor`). Blocks on the disk.
    pub fn with_anchor(mut self, file: &Path) -> Result<Self, ResolverSetupError> {
        let refused = |reason: String| ResolverSetupError::Anchor {
            path: file.display().to_string(),
            reason,
        };
        let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
        let anchors: TrustAnchors = with_classes(&text)
            .parse()
            .map_err(|error| refused(format!("{error}")))?;
        self.validating = Arc::new(Validating::new(self.setup.build(Some(anchors))?, true));
        Ok(self)
    }

    /// Returns the records of one type at `name`, following aliases, with what DNSSEC says of them. That there are none is
    /// an answer, too.
    pub async fn validated(&self, name: &str, kind: RecordType) -> Result<Validated, ResolveError> {
        let mut absolute_name = Name::from_ascii(name).map_err(|_| ResolveError::NotFound)?;
        absolute_name.set_fqdn(true);
        if self.validating.is_usable().await {
            return self.validating.lookup(&self.dns, absolute_name, kind).await;
        }
        validating::unvalidated(&self.dns, absolute_name, kind).await
    }

    /// Returns the TXT records of `name`, each with its strings joined; empty when there are none. DNSSEC is not asked.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, ResolveError> {
        let mut absolute_name = Name::from_ascii(name).map_err(|_| ResolveError::NotFound)?;
        absolute_name.set_fqdn(true);
        let answer = validating::unvalidated(&self.dns, absolute_name, RecordType::TXT).await?;
        let joined = |record: &RData| match record {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(answer.records.iter().filter_map(joined).collect())
    }

    /// Whether DNSSEC can be relied on here, as far as is known by now.
    pub fn dnssec(&self) -> DnssecState {
        self.validating.state()
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

/// Writes the class into records that come without it, as Knot's `keymgr` prints them: RFC 1035 5.1 lets it be left out.
fn with_classes(records: &str) -> String {
    let with_class = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is = |word: &&str, name: &str| word.eq_ignore_ascii_case(name);
        let kind = words.iter().position(|word| is(word, "DNSKEY"));
        match kind {
            Some(at) if !words[..at].iter().any(|word| is(word, "IN")) => {
                format!("{} IN {}\n", words[..at].join(" "), words[at..].join(" "))
            }
            _ => format!("{line}\n"),
        }
    };
    records.lines().map(with_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_may_come_without_its_class() {
        let key = "257 3 13 AAAA";
        for (written, read) in [
            (format!(". DNSKEY {key}"), format!(". IN DNSKEY {key}\n")),
            (
                format!(". 3600 dnskey {key}"),
                format!(". 3600 IN dnskey {key}\n"),
            ),
            (format!(". IN DNSKEY {key}"), format!(". IN DNSKEY {key}\n")),
            ("; a remark".to_owned(), "; a remark\n".to_owned()),
        ] {
            assert_eq!(with_classes(&written), read);
        }
    }

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
