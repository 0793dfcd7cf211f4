//! A domain's signing key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use aws_lc_rs::{digest, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::limits::{OWN_RSA_BITS_MAX, OWN_RSA_BITS_MIN};

/// The algorithms a message is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA with SHA-256 (RFC 6376 3.3.2), which everybody verifies.
    RsaSha256,
    /// Ed25519 with SHA-256 (RFC 8463), beside RSA and never instead of it.
    Ed25519Sha256,
}

impl KeyAlgorithm {
    /// Returns the name used in the `a=` tag of a signature.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A length that is not offered: RSA keys have 2048, 3072 or 4096 bits.
    #[error("an RSA key has {OWN_RSA_BITS_MIN}, 3072 or {OWN_RSA_BITS_MAX} bits")]
    Length,
    /// The bytes are not a PKCS#8 private key of this algorithm, or its numbers are unsound.
    #[error("not a usable private key of this algorithm")]
    Rejected,
    /// The cryptographic library could not make a key.
    #[error("the key could not be generated")]
    Generation,
}

/// A private key that signs a domain's mail. Cheap to clone; its bytes are wiped when the last clone goes.
#[derive(Clone)]
pub struct DkimKey {
    pair: Arc<Pair>,
}

struct Pair {
    private: Private,
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Private {
    Rsa(Box<rsa::KeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl DkimKey {
    /// Makes a new key. `bits` counts for RSA only.
    ///
    /// RSA takes from a tenth of a second to some seconds of processor time: not for an async thread.
    pub fn generate(algorithm: KeyAlgorithm, bits: u32) -> Result<Self, KeyError> {
        match algorithm {
            KeyAlgorithm::RsaSha256 => {
                let size = match bits {
                    2_048 => KeySize::Rsa2048,
                    3_072 => KeySize::Rsa3072,
                    4_096 => KeySize::Rsa4096,
                    _ => return Err(KeyError::Length),
                };
                let pair = rsa::KeyPair::generate(size).map_err(|_| KeyError::Generation)?;
                let pkcs8 =
                    AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| KeyError::Generation)?;
                let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
                Ok(Self::from_parts(Private::Rsa(Box::new(pair)), pkcs8))
            }
            KeyAlgorithm::Ed25519Sha256 => {
                let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Generation)?;
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Generation)?;
                let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
                Ok(Self::from_parts(Private::Ed25519(pair), pkcs8))
            }
        }
    }

    /// Reads a key from unencrypted PKCS#8 in DER, as [`private_pkcs8`](Self::private_pkcs8) gave it out.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let private = match algorithm {
            KeyAlgorithm::RsaSha256 => {
                let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Rejected)?;
                Private::Rsa(Box::new(pair))
            }
            KeyAlgorithm::Ed25519Sha256 => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Rejected)?;
                Private::Ed25519(pair)
            }
        };
        Ok(Self::from_parts(private, Zeroizing::new(pkcs8.to_vec())))
    }

    fn from_parts(private: Private, pkcs8: Zeroizing<Vec<u8>>) -> Self {
        Self {
            pair: Arc::new(Pair { private, pkcs8 }),
        }
    }

    /// Returns the algorithm the key signs with.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self.pair.private {
            Private::Rsa(_) => KeyAlgorithm::RsaSha256,
            Private::Ed25519(_) => KeyAlgorithm::Ed25519Sha256,
        }
    }

    /// Returns the private key as unencrypted PKCS#8 in DER: to be encrypted before it is stored anywhere.
    pub fn private_pkcs8(&self) -> &[u8] {
        &self.pair.pkcs8
    }

    /// Returns the text of the TXT record that publishes the public half. It may exceed 255 bytes, so that a zone
    /// file needs it in several strings.
    pub fn public_record(&self) -> String {
        match &self.pair.private {
            // RFC 6376 3.6.1 says RSAPublicKey, everybody publishes and reads the SubjectPublicKeyInfo around it.
            Private::Rsa(pair) => {
                let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())
                    .expect("a key pair that was accepted has a public key that can be written");
                format!("v=DKIM1; k=rsa; p={}", BASE64.encode(spki.as_ref()))
            }
            // RFC 8463 4.2: the 32 bytes themselves.
            Private::Ed25519(pair) => format!(
                "v=DKIM1; k=ed25519; p={}",
                BASE64.encode(pair.public_key().as_ref())
            ),
        }
    }

    /// Signs the canonical header fields.
    pub(super) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match &self.pair.private {
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    input,
                    &mut signature,
                )
                .ok()?;
                Some(signature)
            }
            // RFC 8463 3: what is signed with PureEdDSA is the SHA-256 of the input.
            Private::Ed25519(pair) => {
                let hash = digest::digest(&digest::SHA256, input);
                let signature = pair.try_sign(hash.as_ref()).ok()?;
                Some(signature.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DkimKey")
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_pkcs8_with_the_same_record() {
        for (algorithm, bits) in [
            (KeyAlgorithm::RsaSha256, 2_048),
            (KeyAlgorithm::Ed25519Sha256, 0),
        ] {
            let key = DkimKey::generate(algorithm, bits).unwrap();
            let again = DkimKey::from_pkcs8(algorithm, key.private_pkcs8()).unwrap();
            assert_eq!(again.algorithm(), algorithm);
            assert_eq!(again.public_record(), key.public_record());
        }
    }

    #[test]
    fn records_have_the_lengths_that_verifiers_expect() {
        let rsa = DkimKey::generate(KeyAlgorithm::RsaSha256, 2_048).unwrap();
        let published = rsa.public_record();
        let spki = BASE64
            .decode(published.strip_prefix("v=DKIM1; k=rsa; p=").unwrap())
            .unwrap();
        assert_eq!(spki.len(), 294);

        let ed25519 = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
        let published = ed25519.public_record();
        let raw = BASE64
            .decode(published.strip_prefix("v=DKIM1; k=ed25519; p=").unwrap())
            .unwrap();
        assert_eq!(raw.len(), 32);
    }

    #[test]
    fn short_rsa_keys_and_foreign_bytes_are_refused() {
        for bits in [512, 1_024, 2_047, 16_384] {
            let refused = DkimKey::generate(KeyAlgorithm::RsaSha256, bits).unwrap_err();
            assert_eq!(refused, KeyError::Length);
        }
        let ed25519 = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
        for bytes in [b"" as &[u8], b"nonsense", ed25519.private_pkcs8()] {
            assert_eq!(
                DkimKey::from_pkcs8(KeyAlgorithm::RsaSha256, bytes).unwrap_err(),
                KeyError::Rejected
            );
        }
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
        assert_eq!(
            format!("{key:?}"),
            "DkimKey { algorithm: Ed25519Sha256, .. }"
        );
    }
}
