//! The text of an API key: `phk_` and 43 base62 characters that carry 256 random bits.

use std::fmt;

use posthouse_store::tables::api_keys::KeyDigest;
use rand::RngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const PREFIX: &str = "phk_";
/// 62^43 is just above 2^256.
const RANDOM_CHARACTERS: usize = 43;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of a key that are kept in the clear, so that people can tell keys apart.
const SHOWN_CHARACTERS: usize = 8;

/// An API key in the clear: shown once, wiped when dropped, never logged.
#[derive(Clone)]
pub(crate) struct KeyText(Zeroizing<String>);

impl KeyText {
    /// Makes a new key.
    pub(crate) fn random() -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(bytes.as_mut());
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + RANDOM_CHARACTERS));
        text.push_str(PREFIX);
        for digit in *base62(&bytes) {
            text.push(char::from(ALPHABET[usize::from(digit)]));
        }
        Self(text)
    }

    /// Takes a key from a client; `None` when the text cannot be one, so that it costs no look-up.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let plausible = random.len() == RANDOM_CHARACTERS
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plausible.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns what is stored of the key. It has 256 random bits, so a plain hash is enough.
    pub(crate) fn digest(&self) -> KeyDigest {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Returns the part that is kept in the clear.
    pub(crate) fn shown_part(&self) -> &str {
        &self.0[..SHOWN_CHARACTERS]
    }

    /// Returns the whole key, to be handed over once.
    pub(crate) fn reveal(&self) -> String {
        self.0.as_str().to_owned()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(***)")
    }
}

/// Returns the digits of a big-endian number in base 62, most significant first.
fn base62(bytes: &[u8; 32]) -> Zeroizing<[u8; RANDOM_CHARACTERS]> {
    let mut number = Zeroizing::new(*bytes);
    let mut digits = Zeroizing::new([0_u8; RANDOM_CHARACTERS]);
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in number.iter_mut() {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *digit = remainder as u8;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_phk_and_43_characters_and_no_two_are_alike() {
        let keys: std::collections::HashSet<String> =
            (0..200).map(|_| KeyText::random().reveal()).collect();
        assert_eq!(keys.len(), 200);
        for key in keys {
            assert_eq!(key.len(), 47);
            assert!(KeyText::parse(&key).is_some(), "{key}");
        }
    }

    #[test]
    fn the_whole_range_of_256_bits_fits_into_43_characters() {
        assert_eq!(base62(&[0; 32]).as_slice(), [0; 43]);
        let mut one = [0; 32];
        one[31] = 63;
        assert_eq!(&base62(&one)[41..], [1, 1]);
        let largest = base62(&[0xff; 32]);
        assert!(largest[0] > 0 && largest.iter().all(|digit| *digit < 62));
    }

    #[test]
    fn texts_that_cannot_be_keys_are_refused_without_a_look_up() {
        let key = KeyText::random().reveal();
        for text in [
            "",
            "phk_",
            "nyk_x",
            &key[1..],
            &key[..46],
            &format!("{key}x"),
            &key.replace("phk_", "PHK_"),
            &format!("phk_{}", "-".repeat(43)),
            &format!("phk_{}", "é".repeat(21)),
        ] {
            assert!(KeyText::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_is_never_shown_in_debug_output() {
        assert_eq!(format!("{:?}", KeyText::random()), "KeyText(***)");
    }
}
