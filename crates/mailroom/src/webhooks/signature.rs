//! Secrets and signatures of destinations.

use hmac::{Hmac, KeyInit, Mac};
use posthouse_types::ids::Key;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secrets::{self, Purpose};
use crate::{Mailroom, Refusal};

/// Random bytes in a secret; clients see twice as many hexadecimal digits.
const SECRET_BYTES: usize = 32;

/// The secret with which the notifications of a destination are signed.
#[derive(Clone)]
pub struct SigningSecret(Zeroizing<String>);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

impl SigningSecret {
    /// Makes a new one.
    pub(crate) fn random() -> Self {
        let bytes: [u8; SECRET_BYTES] = rand::random();
        Self(Zeroizing::new(hex::encode(bytes)))
    }

    /// Makes one of a constant that is no secret.
    pub(crate) fn public(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Returns the text, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns the signature of the bytes on the wire: HMAC-SHA256 in lower-case hexadecimal digits.
    ///
    /// The key is the secret's characters, not the bytes they stand for.
    pub(crate) fn sign(&self, wire: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(wire);
        hex::encode(mac.finalize().into_bytes())
    }
}

impl Mailroom {
    pub(crate) fn seal_signing_secret(
        &self,
        webhook: Key,
        secret: &SigningSecret,
    ) -> Result<Vec<u8>, Refusal> {
        secrets::seal(
            &self.config().instance_key,
            Purpose::WebhookSigning,
            webhook,
            secret.reveal().as_bytes(),
        )
    }

    pub(crate) fn open_signing_secret(
        &self,
        webhook: Key,
        sealed: &[u8],
    ) -> Result<SigningSecret, Refusal> {
        let opened = secrets::open(
            &self.config().instance_key,
            Purpose::WebhookSigning,
            webhook,
            sealed,
        )?;
        let text = String::from_utf8(opened).map_err(|_| Refusal::Internal {
            message: "a signing secret is no text".to_owned(),
        })?;
        Ok(SigningSecret(Zeroizing::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_published_test_vector() {
        // RFC 4231 4.3: test case 2, whose key is text.
        let secret = SigningSecret::public("Jefe");
        assert_eq!(
            secret.sign(b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_secret_has_64_hexadecimal_digits_and_does_not_show_in_debug_output() {
        let secret = SigningSecret::random();
        assert_eq!(secret.reveal().len(), 64);
        assert!(secret.reveal().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
