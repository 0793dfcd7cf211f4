//! A key record as published, and what it verifies (RFC 6376 3.6.1, RFC 8463).

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::key::KeyAlgorithm;
use super::limits::{RSA_VERIFY_BITS_MAX, RSA_VERIFY_BITS_MIN};
use super::tags::Tags;

/// Why a record verifies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is no key record, or not for mail, or not for this hash.
    NotAKey,
    /// RFC 6376 3.6.1: an empty `p=`.
    Revoked,
    /// Below [`RSA_VERIFY_BITS_MIN`].
    TooShort,
    /// Above [`RSA_VERIFY_BITS_MAX`].
    TooLong,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    algorithm: KeyAlgorithm,
    /// RSAPublicKey in DER, or the 32 bytes.
    bytes: Vec<u8>,
    /// RFC 6376 3.6.1 `t=s`: the user identity may not be in a subdomain.
    pub(super) is_strict: bool,
}

impl PublicKey {
    /// Reads a record. Unknown tags are passed over.
    pub(super) fn parse(record: &[u8]) -> Result<Self, Unusable> {
        let tags = Tags::parse(record).ok_or(Unusable::NotAKey)?;
        // RFC 6376 3.6.1: the version may be left out; where it stands, it comes first.
        match tags.get("v") {
            None => {}
            Some("DKIM1") if tags.first() == Some("v") => {}
            Some(_) => return Err(Unusable::NotAKey),
        }
        if !listed(&tags, "h", &["sha256"]) || !listed(&tags, "s", &["*", "email"]) {
            return Err(Unusable::NotAKey);
        }
        if tags.compact("p").ok_or(Unusable::NotAKey)?.is_empty() {
            return Err(Unusable::Revoked);
        }
        let bytes = tags.bytes("p").ok_or(Unusable::NotAKey)?;
        let (algorithm, bytes) = match tags.get("k").unwrap_or("rsa") {
            "rsa" => (KeyAlgorithm::RsaSha256, rsa_key(&bytes)?),
            "ed25519" if bytes.len() == 32 => (KeyAlgorithm::Ed25519Sha256, bytes),
            _ => return Err(Unusable::NotAKey),
        };
        Ok(Self {
            algorithm,
            bytes,
            is_strict: listed_at_all(&tags, "t", "s"),
        })
    }

    /// Returns the algorithm the key is for.
    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Tells whether a signature over the canonical input is this key's.
    pub(super) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            KeyAlgorithm::RsaSha256 => {
                let algorithm: &'static dyn VerificationAlgorithm =
                    &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
                UnparsedPublicKey::new(algorithm, &self.bytes)
                    .verify(input, signature)
                    .is_ok()
            }
            KeyAlgorithm::Ed25519Sha256 => {
                let hash = digest::digest(&digest::SHA256, input);
                UnparsedPublicKey::new(&ED25519, &self.bytes)
                    .verify(hash.as_ref(), signature)
                    .is_ok()
            }
        }
    }
}

/// Tells whether a colon-separated list that may be absent has one of these words.
fn listed(tags: &Tags<'_>, name: &str, words: &[&str]) -> bool {
    tags.get(name)
        .is_none_or(|list| list.split(':').any(|word| words.contains(&word.trim())))
}

fn listed_at_all(tags: &Tags<'_>, name: &str, word: &str) -> bool {
    tags.get(name)
        .is_some_and(|list| list.split(':').any(|other| other.trim() == word))
}

/// Returns RSAPublicKey, taken out of the SubjectPublicKeyInfo that people publish, if its length is acceptable.
fn rsa_key(der: &[u8]) -> Result<Vec<u8>, Unusable> {
    let key = inside_spki(der).unwrap_or(der);
    let bits = modulus_bits(key).ok_or(Unusable::NotAKey)?;
    if bits < RSA_VERIFY_BITS_MIN {
        return Err(Unusable::TooShort);
    }
    if bits > RSA_VERIFY_BITS_MAX {
        return Err(Unusable::TooLong);
    }
    Ok(key.to_vec())
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// 1.2.840.113549.1.1.1, rsaEncryption, with its tag and length.
const RSA_ENCRYPTION: [u8; 11] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
];

fn inside_spki(der: &[u8]) -> Option<&[u8]> {
    let (info, _) = element(der, SEQUENCE)?;
    let (algorithm, rest) = element(info, SEQUENCE)?;
    if !algorithm.starts_with(&RSA_ENCRYPTION) {
        return None;
    }
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte says how many bits of the last are unused.
    bits.strip_prefix(&[0])
}

/// Returns the bits of the modulus of an RSAPublicKey.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let (numbers, _) = element(key, SEQUENCE)?;
    let (modulus, _) = element(numbers, INTEGER)?;
    let first = modulus.iter().position(|byte| *byte != 0)?;
    let significant = &modulus[first..];
    Some(significant.len() * 8 - significant[0].leading_zeros() as usize)
}

/// Takes the DER element with this tag from the front: its content and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // A key of four gigabytes is none.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::super::key::DkimKey;
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    /// A record with an RSA modulus of so many bits; it need not be a product of two primes.
    fn rsa_record(bits: usize) -> String {
        let mut modulus = vec![0xff_u8; bits / 8];
        modulus.insert(0, 0);
        let integer = |bytes: &[u8]| [&der_head(INTEGER, bytes.len())[..], bytes].concat();
        let numbers = [integer(&modulus), integer(&[1, 0, 1])].concat();
        let key = [der_head(SEQUENCE, numbers.len()), numbers].concat();
        format!("v=DKIM1; p={}", BASE64.encode(key))
    }

    fn der_head(tag: u8, length: usize) -> Vec<u8> {
        vec![tag, 0x82, (length >> 8) as u8, (length & 0xff) as u8]
    }

    #[test]
    fn what_we_publish_is_read_and_verifies_what_we_sign() {
        for algorithm in [KeyAlgorithm::RsaSha256, KeyAlgorithm::Ed25519Sha256] {
            let key = DkimKey::generate(algorithm, 2_048).unwrap();
            let public = PublicKey::parse(key.public_record().as_bytes()).unwrap();
            assert_eq!(public.algorithm(), algorithm);
            let signature = key.sign(b"input").unwrap();
            assert!(public.verifies(b"input", &signature));
            assert!(!public.verifies(b"other", &signature));
            assert!(!public.verifies(b"input", b""));
        }
    }

    #[test]
    fn auth_03_short_keys_prove_nothing_and_absurd_ones_are_not_evaluated() {
        for (bits, expected) in [
            (512, Err(Unusable::TooShort)),
            (1_016, Err(Unusable::TooShort)),
            (1_024, Ok(())),
            (4_096, Ok(())),
            (4_104, Err(Unusable::TooLong)),
            (16_384, Err(Unusable::TooLong)),
        ] {
            let parsed = PublicKey::parse(rsa_record(bits).as_bytes());
            assert_eq!(parsed.map(|_| ()), expected, "{bits}");
        }
    }

    #[test]
    fn auth_03_records_that_are_not_for_mail_are_no_keys_and_unknown_tags_do_not_matter() {
        let good = rsa_record(2_048);
        for (record, expected) in [
            (
                format!("{good}; zzz=1; t=y:s; s=email:other; h=sha1:sha256"),
                Ok(true),
            ),
            (good.replace("v=DKIM1; ", ""), Ok(false)),
            (good.replace("DKIM1", "DKIM2"), Err(Unusable::NotAKey)),
            (format!("k=rsa; {good}"), Err(Unusable::NotAKey)),
            (format!("{good}; s=tlsrpt"), Err(Unusable::NotAKey)),
            (format!("{good}; h=sha1"), Err(Unusable::NotAKey)),
            (format!("{good}; k=ed25519"), Err(Unusable::NotAKey)),
            ("v=DKIM1; p=".to_owned(), Err(Unusable::Revoked)),
            ("v=DKIM1; p=!".to_owned(), Err(Unusable::NotAKey)),
            ("v=DKIM1; p=QUJD".to_owned(), Err(Unusable::NotAKey)),
            ("v=DKIM1".to_owned(), Err(Unusable::NotAKey)),
            ("v=spf1 -all".to_owned(), Err(Unusable::NotAKey)),
        ] {
            let parsed = PublicKey::parse(record.as_bytes());
            assert_eq!(parsed.map(|key| key.is_strict), expected, "{record}");
        }
    }
}
