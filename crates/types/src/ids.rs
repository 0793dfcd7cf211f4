//! Internal keys and the public ids sealed from them (ADR 0002).
//!
//! Inside, a row is keyed by a positive 64-bit integer that grows with time: 42 bits of milliseconds, 8 bits of node,
//! 13 bits of counter. Outside, the same key is a UUIDv7 whose remaining 53 bits are a keyed check over the key and
//! its [`Kind`]. So an id needs no index of its own, and one that was made up, or belongs to another kind of object,
//! is refused before any look-up.

use std::hash::Hasher;
use std::sync::atomic::{AtomicI64, Ordering};

use siphasher::sip::SipHasher24;
use uuid::Uuid;

/// Milliseconds between the Unix epoch and the epoch of keys, 2024-01-01T00:00:00Z.
const KEY_EPOCH_MS: i64 = 1_704_067_200_000;
const NODE_BITS: u32 = 8;
const COUNTER_BITS: u32 = 13;
const STAMP_SHIFT: u32 = NODE_BITS + COUNTER_BITS;
const CHECK_BITS: u32 = 53;

/// The highest node number that fits into a key.
pub const NODE_MAX: u8 = u8::MAX;

/// The internal key of a row: positive, and greater than every key the same node made before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub i64);

impl Key {
    /// Returns the time at which the key was made, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        (self.0 >> STAMP_SHIFT) + KEY_EPOCH_MS
    }

    /// Returns the smallest key that a row made at `unix_ms` or later can have, for range scans by time.
    #[must_use]
    pub fn floor_of(unix_ms: i64) -> Self {
        Self((unix_ms - KEY_EPOCH_MS).max(0) << STAMP_SHIFT)
    }
}

/// What an id names. The kind is part of the check, so a thread's id is never taken for a message's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each variant is the API's noun for the object")]
pub enum Kind {
    Organization = 1,
    Application = 2,
    ApiKey = 3,
    CallbackUri = 4,
    Workspace = 5,
    Domain = 6,
    Grant = 7,
    Folder = 8,
    Message = 9,
    Thread = 10,
    Attachment = 11,
    Draft = 12,
    Webhook = 13,
    Delivery = 14,
    Event = 15,
    Outbound = 30,
    Schedule = 31,
    Contact = 20,
    ReturnPath = 60,
    Suppression = 61,
    Pause = 62,
    DomainReport = 63,
    Letter = 73,
    AuditEntry = 64,
    Policy = 65,
    Rule = 66,
    List = 67,
    ListItem = 68,
    RuleEvaluation = 69,
    Hold = 72,
}

/// Turns keys into public ids and back, with the secret of one installation.
#[derive(Clone)]
pub struct IdCodec {
    secret: [u8; 16],
}

impl std::fmt::Debug for IdCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdCodec(***)")
    }
}

impl IdCodec {
    /// Makes a codec from the installation's id secret; ids made with another secret are refused.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Self {
        Self { secret }
    }

    /// Returns the public id of a key: a UUIDv7 that shows the key's time.
    #[must_use]
    pub fn seal(&self, kind: Kind, key: Key) -> Uuid {
        let stamp = (key.0 >> STAMP_SHIFT) as u64;
        let low = (key.0 & ((1 << STAMP_SHIFT) - 1)) as u64;
        let unix_ms = stamp + KEY_EPOCH_MS as u64;
        let (low_high, low_low) = (low >> 9, low & 0x1ff);
        let upper = (unix_ms << 16) | 0x7000 | low_high;
        let lower = (0b10 << 62) | (low_low << CHECK_BITS) | self.check(kind, key);
        Uuid::from_u64_pair(upper, lower)
    }

    /// Returns the key behind a public id, or `None` when the text is no id of this kind and installation.
    #[must_use]
    pub fn open(&self, kind: Kind, id: &str) -> Option<Key> {
        if id.len() != 36 {
            return None;
        }
        self.open_uuid(kind, Uuid::try_parse(id).ok()?)
    }

    /// Returns the key behind a parsed public id; see [`IdCodec::open`].
    #[must_use]
    pub fn open_uuid(&self, kind: Kind, id: Uuid) -> Option<Key> {
        let (upper, lower) = id.as_u64_pair();
        let stamp = i64::try_from(upper >> 16).ok()?.checked_sub(KEY_EPOCH_MS)?;
        let low = ((upper & 0xfff) << 9) | ((lower >> CHECK_BITS) & 0x1ff);
        if !(0..1 << 42).contains(&stamp) {
            return None;
        }
        let key = Key((stamp << STAMP_SHIFT) | low as i64);
        (self.seal(kind, key) == id).then_some(key)
    }

    /// Returns a keyed 64-bit digest of short data, for authenticating tokens such as page cursors.
    #[must_use]
    pub fn authenticate(&self, label: &str, data: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(label.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(data);
        hasher.finish()
    }

    fn check(&self, kind: Kind, key: Key) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write_u8(kind as u8);
        hasher.write_i64(key.0);
        hasher.finish() & ((1 << CHECK_BITS) - 1)
    }
}

/// Hands out keys for one node; shared by all threads.
///
/// When a millisecond's counter is used up, or the clock steps back, keys run ahead of the clock rather than repeat.
#[derive(Debug)]
pub struct KeyMaker {
    node: i64,
    /// Time and counter of the last key, without the node: `stamp << COUNTER_BITS | counter`.
    last: AtomicI64,
}

impl KeyMaker {
    /// Makes keys for `node`, which no other running process of the same store may use.
    #[must_use]
    pub fn new(node: u8) -> Self {
        Self {
            node: i64::from(node),
            last: AtomicI64::new(0),
        }
    }

    /// Returns a key greater than all this maker returned before; `unix_ms` is the current time.
    #[must_use]
    pub fn next(&self, unix_ms: i64) -> Key {
        let now = (unix_ms - KEY_EPOCH_MS).max(0) << COUNTER_BITS;
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(now.max(last + 1))
            })
            .unwrap_or_else(|last| last);
        let taken = now.max(previous + 1);
        let (stamp, counter) = (taken >> COUNTER_BITS, taken & ((1 << COUNTER_BITS) - 1));
        Key((stamp << STAMP_SHIFT) | (self.node << COUNTER_BITS) | counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codec() -> IdCodec {
        IdCodec::new(*b"0123456789abcdef")
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_id(raw in 0_i64..i64::MAX) {
            let key = Key(raw);
            let id = codec().seal(Kind::Message, key);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert_eq!(codec().open(Kind::Message, &id.to_string()), Some(key));
        }

        #[test]
        fn a_flipped_bit_is_refused(raw in 0_i64..i64::MAX, bit in 0_u32..128) {
            let id = codec().seal(Kind::Grant, Key(raw));
            let flipped = Uuid::from_u128(id.as_u128() ^ (1 << bit));
            prop_assert_eq!(codec().open_uuid(Kind::Grant, flipped), None);
        }
    }

    #[test]
    fn an_id_of_another_kind_or_installation_is_refused() {
        let id = codec().seal(Kind::Thread, Key(42)).to_string();
        assert_eq!(codec().open(Kind::Message, &id), None);
        assert_eq!(IdCodec::new([7; 16]).open(Kind::Thread, &id), None);
    }

    #[test]
    fn upper_case_opens_and_other_spellings_do_not() {
        let id = codec().seal(Kind::Grant, Key(42));
        assert_eq!(
            codec().open(Kind::Grant, &id.to_string().to_uppercase()),
            Some(Key(42))
        );
        assert_eq!(codec().open(Kind::Grant, &id.simple().to_string()), None);
        assert_eq!(codec().open(Kind::Grant, &id.braced().to_string()), None);
    }

    #[test]
    fn keys_grow_even_when_the_clock_stands_or_steps_back() {
        let maker = KeyMaker::new(3);
        let mut last = maker.next(KEY_EPOCH_MS + 1_000);
        for step in 0..20_000 {
            let next = maker.next(KEY_EPOCH_MS + 1_000 - step % 3);
            assert!(next > last);
            last = next;
        }
    }
}
