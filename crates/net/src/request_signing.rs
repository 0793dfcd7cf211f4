//! RSA signatures under requests: PKCS #1 v1.5 with SHA-256, as service accounts of the compatible service make them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

/// Characters of a line of a PEM file. RFC 7468 2
const PEM_LINE_CHARACTERS: usize = 64;

/// A new key of a service account.
pub struct RequestKey {
    /// PKCS #8 as PEM: for its owner, and kept nowhere.
    pub private_pem: Zeroizing<String>,
    /// SubjectPublicKeyInfo in DER.
    pub public_der: Vec<u8>,
}

/// The cryptographic library could not make a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be generated")]
pub struct GenerationFailed;

impl std::fmt::Debug for RequestKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RequestKey")
    }
}

impl RequestKey {
    /// Makes a key of 2048 bits. Takes a tenth of a second and more: not for an async thread.
    pub fn generate() -> Result<Self, GenerationFailed> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| GenerationFailed)?;
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| GenerationFailed)?;
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key());
        let public = public.map_err(|_| GenerationFailed)?;
        Ok(Self {
            private_pem: pem(private.as_ref()),
            public_der: public.as_ref().to_vec(),
        })
    }
}

/// Tells whether `signature` was made over `message` with the private half of a key (SubjectPublicKeyInfo in DER, at
/// least 2048 bits).
pub fn is_signed(public_der: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_der)
        .verify(message, signature)
        .is_ok()
}

fn pem(der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(BASE64.encode(der));
    let mut pem = Zeroizing::new(String::with_capacity(text.len() + 128));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at(rest.len().min(PEM_LINE_CHARACTERS));
        pem.push_str(line);
        pem.push('\n');
        rest = others;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::RSA_PKCS1_SHA256;

    #[test]
    fn a_signature_is_good_for_its_bytes_and_its_key_only() {
        let key = RequestKey::generate().unwrap();
        let body: String = key
            .private_pem
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        assert!(key.private_pem.lines().all(|line| line.len() <= 64));
        let pair = KeyPair::from_pkcs8(&BASE64.decode(body).unwrap()).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            b"message",
            &mut signature,
        )
        .unwrap();
        assert!(is_signed(&key.public_der, b"message", &signature));
        assert!(!is_signed(&key.public_der, b"messagf", &signature));
        assert!(!is_signed(&key.public_der, b"message", b""));
        assert!(!is_signed(b"no key", b"message", &signature));
        let other = RequestKey::generate().unwrap();
        assert!(!is_signed(&other.public_der, b"message", &signature));
    }
}
