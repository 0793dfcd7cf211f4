//! From a destination to a session: who takes its mail, at which addresses, and how securely.
//!
//! SMTP-18: a stranger's zone says where we connect to, so every address is classified before a socket is opened to it; what
//! is not public is left out unless the operator allowed it.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use posthouse_mailroom::outbound::TlsNeed;
use posthouse_net::address_class::{AddressClass, NotGlobal, classify};
use posthouse_net::resolver::{Resolve, ResolveError, Resolver};
use posthouse_net::tls_policy::{MxTarget, ReportedAs, TlsPolicies, TlsPolicy, TlsRefusal};
use rand::seq::IteratorRandom as _;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::config::{DeliveryConfig, Next, Relay};
use crate::limits::{
    ADDRESSES_PER_HOST_MAX, CHUNKLESS_HOSTS_MAX, CONNECT_DEADLINE, DEAD_ADDRESS_AGE,
    DEAD_ADDRESSES_MAX,
};
use crate::route;
use crate::session::{self, Greeted, Lost, Session, Stream};

/// The port on which TLS comes first; RFC 8314 3.3.
const IMPLICIT_TLS_PORT: u16 = 465;

/// Why there is no session, as a reply would put it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoSession {
    /// It may work later.
    Later(String),
    /// It never will.
    Never(String),
}

/// Opens sessions.
pub(crate) struct Connector {
    config: DeliveryConfig,
    resolver: Resolver,
    tls: TlsPolicies,
    /// Addresses that did not answer, and until when they are passed over.
    dead: Mutex<HashMap<IpAddr, Instant>>,
    /// Servers that offer chunks and do not know them.
    without_chunks: Mutex<HashSet<String>>,
}

/// Where a session is to lead, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    /// A domain; with a relay it does not matter.
    pub(crate) destination: &'a str,
    /// Addresses of this host to leave from; of a family that none is of, the host chooses.
    pub(crate) sources: &'a [IpAddr],
    /// What TLS the mail needs.
    pub(crate) tls_need: TlsNeed,
}

impl Way<'_> {
    fn requires_tls(&self) -> bool {
        self.tls_need == TlsNeed::Required
    }
}

/// Failures of the servers that were tried.
#[derive(Default)]
struct Failures {
    last: Option<String>,
    /// Something may be better next time.
    any_passing: bool,
}

impl Failures {
    fn passing(&mut self, reply: String) {
        tracing::debug!("not this server: {reply}");
        self.any_passing = true;
        self.last = Some(reply);
    }

    fn for_good(&mut self, reply: String) {
        tracing::debug!("never this server: {reply}");
        if !self.any_passing {
            self.last = Some(reply);
        }
    }

    fn conclude(self, destination: &str) -> NoSession {
        let reply = self
            .last
            .unwrap_or_else(|| format!("451 4.4.1 no server of {destination} was reached"));
        if self.any_passing {
            NoSession::Later(reply)
        } else {
            NoSession::Never(reply)
        }
    }
}

impl Connector {
    pub(crate) fn new(config: DeliveryConfig, resolver: Resolver, tls: TlsPolicies) -> Self {
        Self {
            config,
            resolver,
            tls,
            dead: Mutex::default(),
            without_chunks: Mutex::default(),
        }
    }

    pub(crate) fn config(&self) -> &DeliveryConfig {
        &self.config
    }

    /// Opens a session with a server that takes mail for a destination.
    pub(crate) async fn session(&self, way: &Way<'_>) -> Result<Session, NoSession> {
        let mut session = match &self.config.next {
            Next::Direct { port } => self.direct(way, *port).await?,
            Next::Relay(relay) => self.relay(relay, way).await?,
        };
        if self.chunkless().contains(session.host()) {
            session.without_chunks();
        }
        Ok(session)
    }

    /// Remembers that a server does not know the chunks it offers; tells whether that is news.
    pub(crate) fn note_without_chunks(&self, host: &str) -> bool {
        let mut hosts = self.chunkless();
        if hosts.len() >= CHUNKLESS_HOSTS_MAX {
            hosts.clear();
        }
        hosts.insert(host.to_owned())
    }

    fn chunkless(&self) -> MutexGuard<'_, HashSet<String>> {
        self.without_chunks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn direct(&self, way: &Way<'_>, port: u16) -> Result<Session, NoSession> {
        let domain = way.destination;
        if domain.starts_with('[') {
            let reply =
                format!("550 5.1.2 {domain} is no domain, and mail is not sent to addresses");
            return Err(NoSession::Never(reply));
        }
        let records = match self.resolver.exchanges(domain).await {
            Ok(records) => records,
            Err(error) => return Err(NoSession::Later(unresolved(domain, &error))),
        };
        let is_implicit = records.is_empty();
        let hosts = route::order(domain, &self.config.hostname, records, &mut rand::rng())
            .map_err(|none| NoSession::Never(none.to_string()))?;
        let mut failures = Failures::default();
        for host in &hosts {
            let addresses = match self.resolver.lookup(host).await {
                Ok(addresses) => addresses,
                Err(ResolveError::NotFound) if is_implicit => {
                    let reply = format!("550 5.1.2 there is no mail server for {domain}");
                    return Err(NoSession::Never(reply));
                }
                Err(ResolveError::NotFound) => {
                    failures.for_good(format!("550 5.4.4 mail server {host} has no address"));
                    continue;
                }
                Err(error) => {
                    failures.passing(unresolved(host, &error));
                    continue;
                }
            };
            let target = MxTarget {
                domain,
                host,
                port,
                require_tls: way.requires_tls(),
            };
            let session = self.host(&target, way, addresses, &mut failures);
            if let Some(session) = session.await {
                return Ok(session);
            }
        }
        Err(failures.conclude(domain))
    }

    /// Tries the addresses of one server.
    async fn host(
        &self,
        target: &MxTarget<'_>,
        way: &Way<'_>,
        addresses: Vec<IpAddr>,
        failures: &mut Failures,
    ) -> Option<Session> {
        let mut allowed = Vec::with_capacity(addresses.len());
        for address in addresses {
            match self.refusal(address) {
                None => allowed.push(address),
                Some(reason) => failures.for_good(format!(
                    "550 5.4.4 mail server {} is out of reach: {reason}",
                    target.host
                )),
            }
        }
        if allowed.is_empty() {
            return None;
        }
        // RFC 8689 5: mail that waives TLS is not kept back by what the domain's policies ask for.
        let policy = match way.tls_need {
            TlsNeed::Waived => TlsPolicy::Opportunistic,
            TlsNeed::AsAsked | TlsNeed::Required => match self.tls.for_mx(target).await {
                Ok(policy) => policy,
                Err(refusal) => {
                    note_refusal(failures, way, &refusal);
                    return None;
                }
            },
        };
        for address in self.living(in_turn(allowed)) {
            let socket = SocketAddr::new(address, target.port);
            match self.address(socket, target.host, way, &policy).await {
                Ok(session) if way.requires_tls() && !session.offered().require_tls => {
                    failures.for_good(without_require_tls(target.host));
                    session.quit().await;
                }
                Ok(session) => return Some(session),
                Err(Trouble::Lost(lost)) => failures.passing(lost.as_reply(target.host)),
                Err(Trouble::Unreached(reason)) => {
                    self.note_dead(address);
                    let host = target.host;
                    failures.passing(format!("451 4.4.1 cannot connect to {host}: {reason}"));
                }
                Err(Trouble::NoSource(source)) => failures.passing(no_source(source)),
                Err(Trouble::Tls(refusal)) => note_refusal(failures, way, &refusal),
            }
        }
        None
    }

    async fn address(
        &self,
        socket: SocketAddr,
        host: &str,
        way: &Way<'_>,
        policy: &TlsPolicy,
    ) -> Result<Session, Trouble> {
        let greeted = self.greeted(socket, host, way).await?;
        if !greeted.offered().starttls {
            policy.without_starttls(host)?;
            return Ok(greeted.into_session());
        }
        match self.encrypt(greeted, host, policy).await {
            Ok(greeted) => Ok(greeted.into_session()),
            Err(trouble) if policy.allows_plain_text() && trouble.is_about_tls() => {
                // RFC 7435 4: a certificate nobody asked for is no reason not to deliver.
                tracing::debug!("TLS with {host} failed, going on without");
                Ok(self.greeted(socket, host, way).await?.into_session())
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn greeted(
        &self,
        socket: SocketAddr,
        host: &str,
        way: &Way<'_>,
    ) -> Result<Greeted, Trouble> {
        let stream = connect(socket, way).await?;
        let deadlines = self.config.deadlines;
        let greeted = session::open(stream, host, &self.config.hostname, deadlines).await?;
        Ok(greeted)
    }

    async fn encrypt(
        &self,
        greeted: Greeted,
        host: &str,
        policy: &TlsPolicy,
    ) -> Result<Greeted, Trouble> {
        let stream = greeted.start_tls().await?;
        let (stream, secured) = self.tls.connect(policy, host, stream).await?;
        if let Some(refusal) = &secured.would_refuse {
            tracing::info!("a policy in testing mode would have stopped a delivery: {refusal}");
        }
        tracing::debug!("{host}: {}", secured.session);
        let deadlines = self.config.deadlines;
        let stream: Stream = Box::new(stream);
        Ok(Greeted::encrypted(stream, host, &self.config.hostname, deadlines).await?)
    }

    async fn relay(&self, relay: &Relay, way: &Way<'_>) -> Result<Session, NoSession> {
        let host = relay.host.trim_start_matches('[').trim_end_matches(']');
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self
                .resolver
                .lookup(&host.to_ascii_lowercase())
                .await
                .map_err(|error| NoSession::Later(unresolved(host, &error)))?,
        };
        let mut failures = Failures::default();
        for address in self.living(in_turn(addresses)) {
            let socket = SocketAddr::new(address, relay.port);
            // A relay is trusted with all mail and perhaps a password: whatever fails may be put right by the operator.
            match self.relay_address(socket, relay, host, way).await {
                Ok(session) if way.requires_tls() && !session.offered().require_tls => {
                    session.quit().await;
                    return Err(NoSession::Never(without_require_tls(host)));
                }
                Ok(session) => return Ok(session),
                Err(Trouble::Lost(lost)) => failures.passing(lost.as_reply(host)),
                Err(Trouble::Unreached(reason)) => {
                    failures.passing(format!("451 4.4.1 cannot connect to {host}: {reason}"));
                }
                Err(Trouble::NoSource(source)) => failures.passing(no_source(source)),
                Err(Trouble::Tls(refusal)) if way.requires_tls() => {
                    return Err(NoSession::Never(format!("550 5.7.30 {refusal}")));
                }
                Err(Trouble::Tls(refusal)) => failures.passing(format!("454 4.7.5 {refusal}")),
            }
        }
        failures.any_passing = true;
        Err(failures.conclude(host))
    }

    async fn relay_address(
        &self,
        socket: SocketAddr,
        relay: &Relay,
        host: &str,
        way: &Way<'_>,
    ) -> Result<Session, Trouble> {
        let is_secret = relay.credentials.is_some() || way.requires_tls();
        let policy = if is_secret || relay.port == IMPLICIT_TLS_PORT {
            TlsPolicy::Pkix
        } else {
            TlsPolicy::Opportunistic
        };
        let mut greeted = if relay.port == IMPLICIT_TLS_PORT {
            let (stream, _) = self
                .tls
                .connect(&policy, host, connect(socket, way).await?)
                .await?;
            let deadlines = self.config.deadlines;
            session::open(Box::new(stream), host, &self.config.hostname, deadlines).await?
        } else {
            let greeted = self.greeted(socket, host, way).await?;
            if greeted.offered().starttls {
                self.encrypt(greeted, host, &policy).await?
            } else {
                policy.without_starttls(host)?;
                greeted
            }
        };
        if let Some(credentials) = &relay.credentials {
            greeted.log_in(credentials).await?;
        }
        Ok(greeted.into_session())
    }

    /// Returns why an address must not be connected to.
    fn refusal(&self, address: IpAddr) -> Option<String> {
        if self.config.own_addresses.contains(&address) {
            return Some("it is this server".to_owned());
        }
        if self
            .config
            .allow
            .iter()
            .any(|range| range.contains(address))
        {
            return None;
        }
        match classify(address) {
            AddressClass::Global => None,
            AddressClass::NotGlobal(NotGlobal::Loopback) if self.config.allow_loopback => None,
            // The address itself is not named: replies are shown to senders, who are not to map this network.
            AddressClass::NotGlobal(reason) => Some(format!("its address is {reason}")),
        }
    }

    /// Leaves out addresses that did not answer a moment ago, unless there are no others.
    fn living(&self, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let now = Instant::now();
        let mut dead = self.dead();
        dead.retain(|_, until| *until > now);
        let living: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| !dead.contains_key(address))
            .collect();
        let mut chosen = if living.is_empty() { addresses } else { living };
        chosen.truncate(ADDRESSES_PER_HOST_MAX);
        chosen
    }

    /// Tries every address again, also those that did not answer lately.
    pub(crate) fn forget_dead(&self) {
        self.dead().clear();
    }

    fn note_dead(&self, address: IpAddr) {
        let mut dead = self.dead();
        if dead.len() < DEAD_ADDRESSES_MAX {
            dead.insert(address, Instant::now() + DEAD_ADDRESS_AGE);
        }
    }

    fn dead(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why one address gave no session.
enum Trouble {
    Unreached(String),
    Lost(Lost),
    /// This host has not the address that mail is to leave from.
    NoSource(IpAddr),
    Tls(TlsRefusal),
}

impl Trouble {
    /// Whether it would have worked without TLS, as far as can be known.
    fn is_about_tls(&self) -> bool {
        match self {
            Self::Tls(_) => true,
            Self::Lost(lost) => lost.phase() == session::Phase::StartTls && *lost != Lost::Injected,
            Self::Unreached(_) | Self::NoSource(_) => false,
        }
    }
}

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl From<TlsRefusal> for Trouble {
    fn from(refusal: TlsRefusal) -> Self {
        Self::Tls(refusal)
    }
}

async fn connect(socket: SocketAddr, way: &Way<'_>) -> Result<Stream, Trouble> {
    let outward = match socket {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let outward = outward.map_err(|error| Trouble::Unreached(error.kind().to_string()))?;
    if let Some(source) = source_for(socket, way.sources) {
        outward.bind(SocketAddr::new(source, 0)).map_err(|error| {
            tracing::warn!(%source, "cannot leave from an address of a domain: {error}");
            Trouble::NoSource(source)
        })?;
    }
    match timeout(CONNECT_DEADLINE, outward.connect(socket)).await {
        Ok(Ok(stream)) => {
            // Whole commands are written at once; waiting for more would only delay them.
            let _ = stream.set_nodelay(true);
            Ok(Box::new(stream))
        }
        Ok(Err(error)) => Err(Trouble::Unreached(error.kind().to_string())),
        Err(_) => Err(Trouble::Unreached("no answer in time".to_owned())),
    }
}

/// Returns the address to leave from: by chance one of the target's family, `None` where the host is to choose.
fn source_for(target: SocketAddr, sources: &[IpAddr]) -> Option<IpAddr> {
    let fitting = sources
        .iter()
        .filter(|source| source.is_ipv4() == target.is_ipv4());
    fitting.choose(&mut rand::rng()).copied()
}

fn no_source(source: IpAddr) -> String {
    format!(
        "451 4.3.5 mail of the domain is to leave from {source}, which is no address of this host"
    )
}

/// RFC 8689 6.2: 5.7.30
fn without_require_tls(host: &str) -> String {
    format!("550 5.7.30 {host} does not support REQUIRETLS")
}

fn unresolved(name: &str, error: &ResolveError) -> String {
    format!("451 4.4.3 cannot look {name} up: {error}")
}

/// RFC 8689 4.2.1: mail that requires TLS is returned where a server cannot be trusted with it; where nobody can tell, it waits.
fn note_refusal(failures: &mut Failures, way: &Way<'_>, refusal: &TlsRefusal) {
    let is_known = refusal.reported_as != ReportedAs::DnssecInvalid;
    if way.requires_tls() && is_known {
        failures.for_good(format!("550 5.7.30 {refusal}"));
    } else if refusal.permanent {
        failures.for_good(format!("550 5.7.5 {refusal}"));
    } else {
        failures.passing(format!("454 4.7.5 {refusal}"));
    }
}

/// Puts the families in turn, so that one that does not work here costs one attempt at most before the other is tried.
fn in_turn(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (v6, v4): (Vec<IpAddr>, Vec<IpAddr>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let longest = v6.len().max(v4.len());
    let turns = (0..longest).flat_map(|turn| [v6.get(turn), v4.get(turn)]);
    turns.flatten().copied().collect()
}
