//! TLS for both directions, on rustls with the aws-lc-rs provider; TLS 1.2 and 1.3 only.
//!
//! Servers get their certificate from a [`TlsSource`]; every call of [`server_config`] makes its own session
//! tickets, so that a session begun with one service (say SMTP) can never be resumed with another (say HTTP).
//! Clients trust the system's roots and the operator's `--ca-file`.

mod alpn_challenge;
mod certificates;
mod self_signed;

use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

pub use self::certificates::{ACME_TLS_ALPN, Certificates, service_config};
use crate::limits::PEM_FILE_BYTES_MAX;

/// Where a server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSource {
    /// Made here, for machines without a certificate: encrypts, proves nothing.
    SelfSigned {
        /// Host names and IP addresses the certificate is for.
        names: Vec<String>,
        /// Where it is kept, as `self-signed.crt` and `self-signed.key`, so that it survives a restart. `None`: in memory only,
        /// and new for each service.
        dir: Option<PathBuf>,
    },
    /// PEM files of the operator.
    Files {
        /// The certificate followed by its intermediates.
        cert: PathBuf,
        /// The private key: PKCS#8, PKCS#1 or SEC1.
        key: PathBuf,
    },
}

/// What is wrong with the TLS set-up. Each names the file to look at.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file or its directory cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file has no certificate where one is needed.
    #[error("{} holds no certificate (looked for `-----BEGIN CERTIFICATE-----`)", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The file has no private key.
    #[error("{} holds no private key (looked for `-----BEGIN PRIVATE KEY-----` and its older forms)", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged or of another format.
    #[error("{} is not a usable PEM file: {reason}", path.display())]
    BadPem {
        /// The file.
        path: PathBuf,
        /// What the reader stumbled over.
        reason: String,
    },
    /// Certificate and key are well-formed and do not work together, or with this library.
    #[error("{} and {} cannot be used together: {source}", cert.display(), key.display())]
    BadPair {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// The library's reason.
        source: rustls::Error,
    },
    /// No certificate can be made for these names.
    #[error("cannot make a self-signed certificate for {names:?}: {reason}")]
    Generate {
        /// The names.
        names: Vec<String>,
        /// The library's reason.
        reason: String,
    },
    /// The library refused what cannot be wrong in a file of the operator.
    #[error("cannot set up TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// Makes aws-lc-rs the provider of the process, for libraries that take the default. Idempotent.
pub fn install_provider() {
    // An error means that a provider is installed already, which is the state asked for.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// Builds the configuration of one service. Blocks on the disk; call it at start.
///
/// `alpn` lists protocol names in order of preference, empty for none (mail protocols).
pub fn server_config(
    source: &TlsSource,
    alpn: &[&str],
) -> Result<Arc<ServerConfig>, TlsSetupError> {
    service_config(&Certificates::from_source(source)?, alpn)
}

/// Builds the configuration for outward connections: the system's roots and those in `extra_ca_file`. Blocks on the disk.
pub fn client_config(extra_ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsSetupError> {
    let extra_roots = extra_ca_file
        .map(read_certificates)
        .transpose()?
        .unwrap_or_default();
    Ok(Arc::new(config_trusting(&extra_roots)))
}

/// Reads every certificate of a PEM file, at least one.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let pem = read_bounded(path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsSetupError::BadPem {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    if certificates.is_empty() {
        return Err(TlsSetupError::NoCertificate {
            path: path.to_owned(),
        });
    }
    // A root that cannot be read would otherwise be noticed only by the first connection that needs it.
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store
            .add(certificate.clone())
            .map_err(|error| TlsSetupError::BadPem {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
    }
    Ok(certificates)
}

/// The guarded client's configuration: as [`client_config`], speaking HTTP/1.1 only.
pub(crate) fn http_client_config(extra_roots: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut config = config_trusting(extra_roots);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn config_trusting(extra_roots: &[CertificateDer<'static>]) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default protocol versions")
        .with_root_certificates(root_store(extra_roots))
        .with_no_client_auth()
}

/// The system's roots and the operator's.
pub(crate) fn root_store(extra_roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "cannot read some of the system's root certificates");
    }
    roots.add_parsable_certificates(native.certs);
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    if roots.is_empty() {
        tracing::warn!(
            "no root certificates found: outward https calls will fail (install ca-certificates, or give a CA file)"
        );
    }
    roots
}

/// Version and cipher of a session, as in `TLSv1.3 TLS_AES_256_GCM_SHA384`.
pub fn session_text(connection: &rustls::CommonState) -> String {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "TLS",
    };
    let cipher = connection
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        .map(|name| name.replace("TLS13_", "TLS_"))
        .unwrap_or_default();
    format!("{version} {cipher}").trim_end().to_owned()
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    install_provider();
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()))
}

fn read_pair(cert: &Path, key: &Path) -> Result<CertifiedKey, TlsSetupError> {
    let chain = read_certificates(cert)?;
    let private_key = read_key(key)?;
    CertifiedKey::from_der(chain, private_key, &provider()).map_err(|source| {
        TlsSetupError::BadPair {
            cert: cert.to_owned(),
            key: key.to_owned(),
            source,
        }
    })
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
    use rustls::pki_types::pem::Error as PemError;

    let pem = read_bounded(path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        PemError::NoItemsFound => TlsSetupError::NoKey {
            path: path.to_owned(),
        },
        other => TlsSetupError::BadPem {
            path: path.to_owned(),
            reason: other.to_string(),
        },
    })
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, TlsSetupError> {
    let refused = |source| TlsSetupError::Read {
        path: path.to_owned(),
        source,
    };
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(refused)?;
    file.take(PEM_FILE_BYTES_MAX + 1)
        .read_to_end(&mut pem)
        .map_err(refused)?;
    if pem.len() as u64 > PEM_FILE_BYTES_MAX {
        return Err(refused(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(pem)
}

#[cfg(test)]
mod tests;
