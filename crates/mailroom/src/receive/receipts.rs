//! Receipts: how a retransmission of an accepted message is recognised (ADR 0003).
//!
//! Every accepted delivery leaves a row. When the peer goes on after our 250 it has read it, and the row is dropped
//! with the next commit; a session that ends right after the 250 leaves its row behind, and the same message from the
//! same network within a day is then answered 250 again without a second copy.

use std::net::IpAddr;
use std::sync::Mutex;

use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{IdCodec, Key};

use super::Recipient;

/// For how long a retransmission is recognised, in milliseconds.
pub(crate) const DUPLICATE_WINDOW_MS: i64 = 24 * 3_600 * 1_000;
/// Confirmations that wait for the next commit at most; beyond it the oldest rows simply age out.
const CONFIRMATIONS_WAITING_MAX: usize = 65_536;

/// Stands for one accepted delivery until the peer shows that it has read the acceptance.
///
/// One that is never confirmed makes an identical message from the same network look like a retransmission for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub(crate) Vec<Key>);

impl Receipt {
    /// Makes a receipt that stands for nothing, for doors that are tested without a store.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }
}

/// Confirmed receipts whose rows the next commit drops.
#[derive(Debug, Default)]
pub struct Unconfirmed {
    confirmed: Mutex<Vec<Key>>,
}

impl Unconfirmed {
    /// Notes that a peer went on after its acceptance.
    pub(crate) fn confirm(&self, receipt: Receipt) {
        let mut confirmed = self
            .confirmed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if confirmed.len() < CONFIRMATIONS_WAITING_MAX {
            confirmed.extend(receipt.0);
        }
    }

    /// Notes again what [`Unconfirmed::take`] gave out for a commit that failed. Some of it may be gone already: then
    /// there is nothing to drop.
    pub(crate) fn put_back(&self, receipts: &[Key]) {
        if !receipts.is_empty() {
            self.confirm(Receipt(receipts.to_vec()));
        }
    }

    /// Takes what was noted since the last call.
    pub(crate) fn take(&self) -> Vec<Key> {
        std::mem::take(
            &mut *self
                .confirmed
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

/// Returns what two transmissions of one delivery have in common beside the content: network and envelope.
pub(crate) fn digest(
    codec: &IdCodec,
    peer: IpAddr,
    from: Option<&EmailAddress>,
    recipients: &[&Recipient],
) -> i64 {
    let mut text = Vec::with_capacity(128);
    match peer.to_canonical() {
        IpAddr::V4(v4) => text.extend_from_slice(&v4.octets()[..3]),
        IpAddr::V6(v6) => text.extend_from_slice(&v6.octets()[..6]),
    }
    text.push(0);
    text.extend_from_slice(from.map_or("", EmailAddress::as_str).as_bytes());
    let mut addresses: Vec<String> = recipients
        .iter()
        .map(|recipient| recipient.delivered_to.folded())
        .collect();
    addresses.sort_unstable();
    for address in addresses {
        text.push(0);
        text.extend_from_slice(address.as_bytes());
    }
    codec.authenticate("receipt", &text) as i64
}
