//! The other mail server from STARTTLS on, its certificates, and the policies asked about it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use posthouse_net::guard::GuardPolicy;
use posthouse_net::http::GuardedClient;
use posthouse_net::resolver::Resolver;
use posthouse_net::tls_policy::mta_sts::{KeepPolicies, Keeping, KeptPolicy, Source};
use posthouse_net::tls_policy::{MxTarget, SecuredBy, TlsPolicies, TlsPolicy, TlsRefusal};
use posthouse_types::clock::Clock;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A time well inside the validity of everything made here.
pub const NOW: i64 = 1_790_000_000;

/// An authority of the test's own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A chain and its key.
pub struct Shown {
    pub chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
    /// The public key, as TLSA records with selector 1 want it.
    pub public_key: Vec<u8>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A certificate for these names, shown with the authority's behind it.
    pub fn issue(&self, names: &[&str], valid_until_year: i32) -> Shown {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(valid_until_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Shown {
            chain: vec![leaf.der().clone(), self.certificate()],
            key: key.serialize_der(),
            public_key: key.subject_public_key_info(),
        }
    }
}

/// Listens with this certificate; answers `ok` to whoever gets through, once each.
pub async fn listen(shown: &Shown) -> SocketAddr {
    serve(shown, |_| "ok".to_owned()).await
}

/// Listens with this certificate and answers what came with `answer`.
pub async fn serve(
    shown: &Shown,
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> SocketAddr {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(shown.key.clone()));
    posthouse_net::tls::install_provider();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(shown.chain.clone(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut said = vec![0; 4096];
            let length = stream.read(&mut said).await.unwrap_or(0);
            let reply = answer(&String::from_utf8_lossy(&said[..length]));
            let _ = stream.write_all(reply.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// Shakes hands as the policy wants it and exchanges a word.
pub async fn shake(
    policies: &TlsPolicies,
    policy: &TlsPolicy,
    host: &str,
    address: SocketAddr,
) -> Result<SecuredBy, TlsRefusal> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut stream, secured) = policies.connect(policy, host, stream).await?;
    stream.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "ok");
    Ok(secured)
}

/// A clock that the test sets.
#[derive(Debug, Default)]
pub struct Hands(pub Mutex<i64>);

impl Clock for Hands {
    fn unix_us(&self) -> i64 {
        *self.0.lock().unwrap() * 1_000_000
    }
}

/// Keeps policies as a store would, beyond one [`TlsPolicies`].
#[derive(Default)]
pub struct Shelf(pub Mutex<HashMap<String, KeptPolicy>>);

impl KeepPolicies for Shelf {
    fn load<'a>(&'a self, domain: &'a str) -> Keeping<'a, Option<KeptPolicy>> {
        let kept = self.0.lock().unwrap().get(domain).cloned();
        Box::pin(async move { kept })
    }

    fn keep<'a>(&'a self, domain: &'a str, policy: &'a KeptPolicy) -> Keeping<'a, ()> {
        self.0
            .lock()
            .unwrap()
            .insert(domain.to_owned(), policy.clone());
        Box::pin(async {})
    }
}

/// The policies of a server that trusts `authority` besides the public ones and fetches policies from `port`.
pub fn policies(
    resolver: Resolver,
    authority: &Authority,
    port: u16,
    shelf: Arc<Shelf>,
    clock: Arc<Hands>,
) -> TlsPolicies {
    let roots = vec![authority.certificate()];
    let client = GuardedClient::new(GuardPolicy {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        allow_loopback_http: false,
        extra_roots: roots.clone(),
        resolver: Arc::new(resolver.clone()),
    });
    let source = Source {
        client,
        port,
        keeper: shelf,
    };
    TlsPolicies::new(resolver, source, &roots, clock)
}

/// The same where MTA-STS plays no part.
pub fn without_sts(resolver: Resolver, authority: &Authority) -> TlsPolicies {
    let clock = Arc::new(Hands(Mutex::new(NOW)));
    policies(resolver, authority, 1, Arc::default(), clock)
}

pub fn target<'a>(domain: &'a str, host: &'a str) -> MxTarget<'a> {
    MxTarget {
        domain,
        host,
        port: 25,
        require_tls: false,
    }
}
