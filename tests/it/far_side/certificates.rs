//! Certificates of the far side: an authority that the server under test trusts, and one that nobody knows.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Pair {
    certificate: String,
    key: KeyPair,
}

impl Authority {
    /// Makes one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Makes a certificate for names.
    pub fn issue(&self, names: &[String]) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        Pair {
            certificate: certificate.pem(),
            key,
        }
    }
}

impl Pair {
    /// Writes key and certificate into one file, as Postfix reads them.
    pub fn write(&self, path: &Path) {
        let both = format!("{}{}", self.key.serialize_pem(), self.certificate);
        std::fs::write(path, both).expect("written");
    }

    /// The data of a TLSA record that names this key: RFC 7672 3.1.1.
    pub fn tlsa(&self) -> String {
        let digest = Sha256::digest(self.key.subject_public_key_info());
        format!("3 1 1 {}", hex::encode(digest))
    }

    /// How a server shows it.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key.serialize_pem().as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        Arc::new(config.expect("a pair"))
    }
}
