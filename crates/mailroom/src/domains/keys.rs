//! Signing keys of a domain: made in pairs, an RSA key and an Ed25519 key, and changed with overlap.

use posthouse_net::authentication::{DkimKey, KeyAlgorithm};
use posthouse_store::Tx;
use posthouse_store::tables::dkim_keys::{self, DkimKeyRow, KeyState};
use posthouse_store::tables::domains;
use posthouse_types::ids::Key;

use super::limits::{RSA_BITS, RSA_BITS_MAX};
use crate::secrets::{self, Purpose};
use crate::{Mailroom, Refusal};

/// A pair of keys that are in memory only.
struct NewPair {
    rsa: DkimKey,
    ed25519: DkimKey,
    bits: u32,
}

impl Mailroom {
    /// Returns the keys of a domain, oldest first; makes the first pair when there is none. `bits` is for RSA keys that
    /// nobody signs with yet: one of another length is replaced.
    pub(super) async fn ensure_keys(
        &self,
        domain: Key,
        bits: Option<u32>,
    ) -> Result<Vec<DkimKeyRow>, Refusal> {
        let keys = self.domain_keys(domain).await?;
        if !is_wanting(&keys, bits) {
            return Ok(keys);
        }
        let pair = self.make_pair(bits.unwrap_or(RSA_BITS)).await?;
        let mailroom = self.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                domains::lock(tx, domain)?.ok_or(Refusal::NotFound)?;
                let keys = dkim_keys::of_domain(tx, domain)?;
                // Somebody else was as fast.
                if !is_wanting(&keys, bits) {
                    return Ok(keys);
                }
                for key in keys.iter().filter(|key| key.state == KeyState::Pending) {
                    dkim_keys::delete(tx, key.id)?;
                }
                mailroom.insert_pair(tx, domain, &pair)?;
                Ok::<_, Refusal>(dkim_keys::of_domain(tx, domain)?)
            })
            .await
    }

    /// Makes a pair beside the one that signs; returns all keys. A pair that is waiting already stays the one.
    pub(super) async fn add_keys(&self, domain: Key) -> Result<Vec<DkimKeyRow>, Refusal> {
        let keys = self.ensure_keys(domain, None).await?;
        if !may_rotate(&keys) {
            return Ok(keys);
        }
        let bits = keys.iter().map(|key| key.bits).max().unwrap_or_default();
        let bits = u32::try_from(bits).unwrap_or(RSA_BITS).max(RSA_BITS);
        let pair = self.make_pair(bits).await?;
        let mailroom = self.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                domains::lock(tx, domain)?.ok_or(Refusal::NotFound)?;
                if may_rotate(&dkim_keys::of_domain(tx, domain)?) {
                    mailroom.insert_pair(tx, domain, &pair)?;
                }
                Ok::<_, Refusal>(dkim_keys::of_domain(tx, domain)?)
            })
            .await
    }

    pub(super) async fn domain_keys(&self, domain: Key) -> Result<Vec<DkimKeyRow>, Refusal> {
        let keys = self
            .store()
            .read(move |tx: &mut dyn Tx| dkim_keys::of_domain(tx, domain));
        keys.await.map_err(Refusal::from)
    }

    /// Returns the key of a row.
    pub(super) fn open_key(&self, row: &DkimKeyRow) -> Result<DkimKey, Refusal> {
        let sealed = &row.private_key;
        let instance_key = &self.config().instance_key;
        let pkcs8 = secrets::open(instance_key, Purpose::DkimSigning, row.id, sealed)?;
        let pkcs8 = zeroize::Zeroizing::new(pkcs8);
        DkimKey::from_pkcs8(algorithm(row), &pkcs8).map_err(|error| Refusal::Internal {
            message: format!("a stored DKIM key cannot be used: {error}"),
        })
    }

    async fn make_pair(&self, bits: u32) -> Result<NewPair, Refusal> {
        let work = move || {
            Ok(NewPair {
                rsa: DkimKey::generate(KeyAlgorithm::RsaSha256, bits)?,
                ed25519: DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0)?,
                bits,
            })
        };
        let made = self.inner.tenancy.passwords.run("keys", work).await?;
        made.map_err(
            |error: posthouse_net::authentication::KeyError| Refusal::Internal {
                message: format!("cannot make a DKIM key: {error}"),
            },
        )
    }

    fn insert_pair(&self, tx: &mut dyn Tx, domain: Key, pair: &NewPair) -> Result<(), Refusal> {
        let number = next_number(&dkim_keys::of_domain(tx, domain)?);
        let halves = [
            (format!("ph{number}"), &pair.rsa, i64::from(pair.bits)),
            (format!("ph{number}e"), &pair.ed25519, 0),
        ];
        for (selector, key, bits) in halves {
            let id = self.store().new_key();
            let instance_key = &self.config().instance_key;
            let sealed =
                secrets::seal(instance_key, Purpose::DkimSigning, id, key.private_pkcs8())?;
            let row = DkimKeyRow {
                id,
                domain,
                selector,
                algorithm: key.algorithm().name().to_owned(),
                bits,
                private_key: sealed,
                record: key.public_record(),
                state: KeyState::Pending,
                created_at: self.now_seconds(),
                verified_at: None,
                retired_at: None,
            };
            dkim_keys::insert(tx, &row)?;
        }
        Ok(())
    }
}

/// Reads the length that a client asks for; too short a one becomes the shortest that is made.
pub(super) fn check_bits(bits: i64) -> Result<u32, Refusal> {
    match bits {
        1_024 | 2_048 => Ok(RSA_BITS),
        4_096 => Ok(RSA_BITS_MAX),
        _ => Err(Refusal::invalid(
            "options.key_length",
            "expected 1024, 2048 or 4096",
        )),
    }
}

fn algorithm(row: &DkimKeyRow) -> KeyAlgorithm {
    match row.bits {
        0 => KeyAlgorithm::Ed25519Sha256,
        _ => KeyAlgorithm::RsaSha256,
    }
}

fn is_rsa(key: &&DkimKeyRow) -> bool {
    key.bits > 0 && key.state != KeyState::Retired
}

/// Tells whether a first pair is to be made, or to be made again in another length.
fn is_wanting(keys: &[DkimKeyRow], bits: Option<u32>) -> bool {
    let Some(newest) = keys.iter().rev().find(is_rsa) else {
        return true;
    };
    let nobody_signs = keys.iter().all(|key| key.state == KeyState::Pending);
    nobody_signs && bits.is_some_and(|bits| i64::from(bits) != newest.bits)
}

/// A new pair comes beside one that signs, and only if none is waiting.
fn may_rotate(keys: &[DkimKeyRow]) -> bool {
    let newest = keys.iter().rev().find(is_rsa);
    newest.is_some_and(|key| key.state == KeyState::Active)
}

fn next_number(keys: &[DkimKeyRow]) -> u32 {
    let number = |key: &DkimKeyRow| -> Option<u32> {
        let digits = key.selector.strip_prefix("ph")?;
        digits.trim_end_matches('e').parse().ok()
    };
    keys.iter()
        .filter_map(number)
        .max()
        .map_or(1, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::records::tests::key;

    #[test]
    fn a_pair_is_made_once_and_again_only_in_another_length_while_nobody_signs() {
        let pending = [
            key(1, "ph1", 2_048, KeyState::Pending),
            key(2, "ph1e", 0, KeyState::Pending),
        ];
        assert!(is_wanting(&[], None));
        assert!(!is_wanting(&pending, None) && !is_wanting(&pending, Some(2_048)));
        assert!(is_wanting(&pending, Some(4_096)));
        let active = [key(1, "ph1", 2_048, KeyState::Active)];
        assert!(!is_wanting(&active, Some(4_096)));
    }

    #[test]
    fn a_new_pair_waits_for_the_one_before_and_takes_the_next_number() {
        let mut keys = vec![key(1, "ph1", 2_048, KeyState::Pending)];
        assert!(!may_rotate(&keys));
        keys[0].state = KeyState::Active;
        assert!(may_rotate(&keys));
        assert_eq!(next_number(&keys), 2);
        keys.push(key(2, "ph9e", 0, KeyState::Retired));
        assert_eq!(next_number(&keys), 10);
        keys.push(key(3, "ph10", 2_048, KeyState::Pending));
        assert!(!may_rotate(&keys));
    }

    #[test]
    fn lengths_that_are_too_short_are_raised_and_odd_ones_refused() {
        assert_eq!(check_bits(1_024).unwrap(), 2_048);
        assert_eq!(check_bits(4_096).unwrap(), 4_096);
        assert!(check_bits(512).is_err() && check_bits(-1).is_err());
    }
}
