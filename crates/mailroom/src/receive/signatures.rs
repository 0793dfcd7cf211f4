//! AUTH-04: how often a signature has come of late. Whoever has one signed message of a good name can send it to everybody:
//! the signature stays valid, and nothing but its number tells.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// For how long a signature is remembered at least, in microseconds; at most twice as long.
const AGE_US: i64 = 12 * 3_600 * 1_000_000;

/// Signatures of one generation.
const SIGNATURES_MAX: usize = 32_768;

/// What this process has seen. Two generations, so that what is old goes at once and nothing is searched for.
#[derive(Debug, Default)]
pub(crate) struct Signatures(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    turned_us: i64,
    newer: HashMap<u64, u32>,
    older: HashMap<u64, u32>,
}

impl Signatures {
    /// Counts recipients who get a message with a signature; returns how many did, these included.
    pub(super) fn count(&self, fingerprint: u64, recipients: usize, now_us: i64) -> u32 {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now_us.saturating_sub(seen.turned_us);
        if !(0..AGE_US).contains(&age) || seen.newer.len() >= SIGNATURES_MAX {
            seen.older = std::mem::take(&mut seen.newer);
            seen.turned_us = now_us;
        }
        let before = match seen.newer.get(&fingerprint) {
            Some(count) => *count,
            None => seen.older.remove(&fingerprint).unwrap_or_default(),
        };
        let recipients = u32::try_from(recipients).unwrap_or(u32::MAX);
        let count = before.saturating_add(recipients);
        seen.newer.insert(fingerprint, count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_04_a_signature_is_counted_across_messages_and_forgotten_in_time() {
        let signatures = Signatures::default();
        assert_eq!(signatures.count(7, 1, AGE_US), 1);
        assert_eq!(signatures.count(7, 999, AGE_US + 1), 1_000);
        assert_eq!(signatures.count(8, 1, AGE_US + 2), 1);
        assert_eq!(
            signatures.count(7, 1, 2 * AGE_US),
            1_001,
            "a generation later"
        );
        assert_eq!(signatures.count(8, 1, 2 * AGE_US + 1), 2);
        signatures.count(9, 1, 3 * AGE_US);
        signatures.count(9, 1, 4 * AGE_US);
        assert_eq!(signatures.count(7, 1, 5 * AGE_US), 1, "long ago");
    }

    #[test]
    fn auth_04_many_signatures_take_bounded_memory() {
        let signatures = Signatures::default();
        for fingerprint in 0..200_000 {
            signatures.count(fingerprint, 1, 1);
        }
        let seen = signatures.0.lock().unwrap();
        assert!(seen.newer.len() + seen.older.len() <= 2 * SIGNATURES_MAX);
    }
}
