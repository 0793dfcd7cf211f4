//! The certificates that a server shows, which can be changed while it runs.
//!
//! Every handshake looks here, so a new certificate is shown from the next connection on and no running connection
//! notices. The choice: the one kept for the name that the client asks for (SNI); else the operator's or the
//! self-signed one, unless it is not for that name and there is one for this server's own name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

use super::{TlsSetupError, TlsSource, alpn_challenge, provider, read_pair, self_signed};

/// RFC 8737 6.2: the protocol in which an authority asks for the proof of a name.
pub const ACME_TLS_ALPN: &str = "acme-tls/1";

/// Certificates of all TLS listeners of a process.
#[derive(Debug)]
pub struct Certificates {
    set: RwLock<Set>,
}

#[derive(Debug)]
struct Set {
    /// Shown when there is none for the name.
    fallback: Arc<CertifiedKey>,
    /// Whose certificate is shown to clients that ask for no name, or an unknown one, if it is there.
    own_name: Option<String>,
    named: HashMap<String, Arc<CertifiedKey>>,
    /// Proofs for an authority, by name.
    challenges: HashMap<String, Arc<CertifiedKey>>,
}

impl Certificates {
    /// Starts with what the source has. Blocks on the disk.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn from_source(source: &TlsSource) -> Result<Arc<Self>, TlsSetupError> {
        let own_name = match source {
            TlsSource::SelfSigned { names, .. } => names.first().cloned(),
            // The operator's own certificate comes first.
            TlsSource::Files { .. } => None,
        };
        Ok(Arc::new(Self {
            set: RwLock::new(Set {
                fallback: Arc::new(load(source)?),
                own_name: own_name.map(|name| name.to_ascii_lowercase()),
                named: HashMap::new(),
                challenges: HashMap::new(),
            }),
        }))
    }

    /// Reads the operator's files again and shows what they hold from now on. Blocks on the disk.
    ///
    /// # Errors
    /// What is wrong with the files; what was shown before is shown further on.
    pub fn reload(&self, cert: &Path, key: &Path) -> Result<(), TlsSetupError> {
        let certified = read_pair(cert, key)?;
        self.change(|set| set.fallback = Arc::new(certified));
        Ok(())
    }

    /// Shows this certificate to clients that ask for `name`: a PEM chain and a PKCS #8 key.
    ///
    /// # Errors
    /// When the two cannot be used together.
    pub fn keep(&self, name: &str, chain: &str, key: &[u8]) -> Result<(), TlsSetupError> {
        let name = name.to_ascii_lowercase();
        let certified = from_memory(&name, chain, key)?;
        self.change(|set| {
            set.named.insert(name, Arc::new(certified));
        });
        Ok(())
    }

    /// Shows certificates for these names only, beside the one for all.
    pub fn retain(&self, is_wanted: impl Fn(&str) -> bool) {
        self.change(|set| set.named.retain(|name, _| is_wanted(name)));
    }

    /// Whether there is a certificate kept for `name`.
    pub fn has(&self, name: &str) -> bool {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.named.contains_key(&name.to_ascii_lowercase())
    }

    /// Proves these names, each with its key authorization, to an authority that asks over TLS; and no others any more.
    /// RFC 8737.
    ///
    /// # Errors
    /// When the proof of a name cannot be made; the others stand.
    pub fn prove(&self, answers: &[(String, String)]) -> Result<(), TlsSetupError> {
        let mut outcome = Ok(());
        let mut challenges = HashMap::new();
        for (name, answer) in answers {
            match alpn_challenge::make(name, answer) {
                Ok(proof) => {
                    challenges.insert(name.to_ascii_lowercase(), Arc::new(proof));
                }
                Err(error) => outcome = Err(error),
            }
        }
        self.change(|set| set.challenges = challenges);
        outcome
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut set);
    }

    fn choose(&self, name: Option<&str>, is_challenge: bool) -> Option<Arc<CertifiedKey>> {
        let name = name.map(str::to_ascii_lowercase);
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        if is_challenge {
            return set.challenges.get(&name?).cloned();
        }
        let named = name.and_then(|name| set.named.get(&name));
        let own = || set.own_name.as_ref().and_then(|own| set.named.get(own));
        Some(Arc::clone(named.or_else(own).unwrap_or(&set.fallback)))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // RFC 8737 4: who asks for a proof speaks this protocol and no other.
        let is_challenge = hello
            .alpn()
            .is_some_and(|mut offered| offered.any(|name| name == ACME_TLS_ALPN.as_bytes()));
        self.choose(hello.server_name(), is_challenge)
    }
}

/// Builds the configuration of one service over shared certificates: TLS 1.3, and TLS 1.2 with AEAD ciphers and ephemeral keys.
///
/// Every call makes its own session tickets. `alpn` lists protocol names in order of preference, empty for none.
///
/// # Errors
/// When the library refuses.
pub fn service_config(
    certificates: &Arc<Certificates>,
    alpn: &[&str],
) -> Result<Arc<ServerConfig>, TlsSetupError> {
    let resolver = Arc::clone(certificates);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(Arc::new(config))
}

pub(super) fn load(source: &TlsSource) -> Result<CertifiedKey, TlsSetupError> {
    match source {
        TlsSource::SelfSigned { names, dir } => self_signed::load_or_make(names, dir.as_deref()),
        TlsSource::Files { cert, key } => read_pair(cert, key),
    }
}

fn from_memory(name: &str, chain: &str, key: &[u8]) -> Result<CertifiedKey, TlsSetupError> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsSetupError::Generate {
            names: vec![name.to_owned()],
            reason: error.to_string(),
        })?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    Ok(CertifiedKey::from_der(chain, key, &provider())?)
}
