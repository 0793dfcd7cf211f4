//! The certificate that proves a name to an authority. RFC 8737 3.

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use super::{TlsSetupError, provider};

/// Makes the proof for `name` from the challenge's key authorization.
pub(super) fn make(name: &str, key_authorization: &str) -> Result<CertifiedKey, TlsSetupError> {
    let refused = |error: rcgen::Error| TlsSetupError::Generate {
        names: vec![name.to_owned()],
        reason: error.to_string(),
    };
    let mut params = CertificateParams::new([name.to_owned()]).map_err(refused)?;
    let digest = Sha256::digest(key_authorization.as_bytes());
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
    let key = KeyPair::generate().map_err(refused)?;
    let certificate = params.self_signed(&key).map_err(refused)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // The pair is not compared, since the library does not read a certificate with an extension it must but cannot understand.
    let key = provider().key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
