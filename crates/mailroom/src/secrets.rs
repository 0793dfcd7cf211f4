//! Secrets at rest: what the database holds can only be read with the instance key that is kept beside it.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use posthouse_types::ids::Key;
use sha2::Sha256;

use crate::Refusal;

/// The first byte of everything that is sealed: which form the rest has.
const FORM: u8 = 1;
const NONCE_BYTES: usize = 12;

/// What a secret is for. It is part of what is authenticated, so one kind of secret never passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signs the notifications of a webhook.
    WebhookSigning,
    /// Signs the mail of a domain.
    DkimSigning,
    /// Belongs to a certificate of this server.
    TlsKey,
    /// Is who we are to a certificate authority.
    AcmeAccount,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::WebhookSigning => "webhook-signing",
            Self::DkimSigning => "dkim-signing",
            Self::TlsKey => "tls-key",
            Self::AcmeAccount => "acme-account",
        }
    }
}

/// Encrypts a secret of the object `owner`: form, nonce, then ciphertext and tag (AES-256-GCM).
pub(crate) fn seal(
    instance_key: &[u8; 32],
    purpose: Purpose,
    owner: Key,
    secret: &[u8],
) -> Result<Vec<u8>, Refusal> {
    // 96 random bits: fit for some billions of secrets under one key (NIST SP 800-38D 8.3).
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let payload = Payload {
        msg: secret,
        aad: &context(purpose, owner),
    };
    let sealed = cipher(instance_key)
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_| broken("cannot encrypt a secret"))?;
    Ok([&[FORM][..], &nonce, &sealed].concat())
}

/// Decrypts what [`seal`] returned for the same purpose and owner.
///
/// # Errors
/// [`Refusal::Internal`] when it was sealed with another key, for another object, or damaged.
pub(crate) fn open(
    instance_key: &[u8; 32],
    purpose: Purpose,
    owner: Key,
    sealed: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let parts = sealed
        .split_first()
        .filter(|(form, _)| **form == FORM)
        .and_then(|(_, rest)| rest.split_first_chunk::<NONCE_BYTES>());
    let (nonce, ciphertext) = parts.ok_or_else(|| broken("a sealed secret has no known form"))?;
    let payload = Payload {
        msg: ciphertext,
        aad: &context(purpose, owner),
    };
    cipher(instance_key)
        .decrypt(&Nonce::from(*nonce), payload)
        .map_err(|_| {
            broken("a sealed secret cannot be opened: it is damaged or from another instance key")
        })
}

/// Returns what the owner of a domain publishes to prove it: 32 hexadecimal digits that nobody without the instance key
/// can foretell, the same at every call.
pub(crate) fn ownership_token(instance_key: &[u8; 32], domain: Key) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(instance_key)
        .expect("HMAC takes keys of any length");
    mac.update(b"domain-ownership\0");
    mac.update(&domain.0.to_be_bytes());
    hex::encode(&mac.finalize().into_bytes()[..16])
}

fn cipher(instance_key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&(*instance_key).into())
}

fn context(purpose: Purpose, owner: Key) -> Vec<u8> {
    let mut context = purpose.label().as_bytes().to_vec();
    context.push(0);
    context.extend_from_slice(&owner.0.to_be_bytes());
    context
}

fn broken(message: &str) -> Refusal {
    Refusal::Internal {
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn sealed() -> Vec<u8> {
        seal(&KEY, Purpose::WebhookSigning, Key(5), b"the secret").unwrap()
    }

    #[test]
    fn a_secret_comes_back_for_its_owner_only() {
        let opened = open(&KEY, Purpose::WebhookSigning, Key(5), &sealed()).unwrap();
        assert_eq!(opened, b"the secret");
        assert!(open(&KEY, Purpose::WebhookSigning, Key(6), &sealed()).is_err());
        assert!(open(&[8; 32], Purpose::WebhookSigning, Key(5), &sealed()).is_err());
    }

    #[test]
    fn what_is_kept_shows_nothing_and_never_repeats() {
        let (one, other) = (sealed(), sealed());
        assert_ne!(one, other);
        assert!(!one.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let whole = sealed();
        for length in 0..whole.len() {
            assert!(open(&KEY, Purpose::WebhookSigning, Key(5), &whole[..length]).is_err());
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&KEY, Purpose::WebhookSigning, Key(5), &flipped).is_err());
        }
    }
}
