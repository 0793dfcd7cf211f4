//! Messages are counted in memory, and what was counted is kept every few seconds: mail waits for none of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use posthouse_net::authentication::Verdicts;
use posthouse_net::authentication::dns::Dns;
use posthouse_store::tables::dmarc_seen::{self, Seen};
use posthouse_store::{StoreError, Tx};
use sha2::{Digest, Sha256};

use super::limits::{
    BOUNDS, DAY_SECONDS, KEPT_PER_STEP_MAX, PENDING_MAX, SETTLING_SECONDS, SPREAD_SECONDS,
};
use super::sighting::{Fate, Place, Sighting, sighting};
use crate::Mailroom;
use crate::receive::InboundDelivery;

/// What was counted and is not kept yet.
type Pending = HashMap<(Place, Sighting), i64>;

/// The counts of one process.
#[derive(Default)]
pub(crate) struct Sightings {
    /// Set where reports are wanted.
    dns: OnceLock<Arc<dyn Dns>>,
    pending: Mutex<Pending>,
}

impl Sightings {
    pub(super) fn turn_on(&self, dns: Arc<dyn Dns>) -> Result<(), ()> {
        self.dns.set(dns).map_err(drop)
    }

    pub(super) fn dns(&self) -> Option<Arc<dyn Dns>> {
        self.dns.get().cloned()
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, what: (Place, Sighting), messages: i64) {
        let mut pending = self.pending();
        if pending.len() >= PENDING_MAX && !pending.contains_key(&what) {
            metrics::counter!("posthouse_dmarc_sightings_dropped_total").increment(1);
            return;
        }
        *pending.entry(what).or_default() += messages;
    }
}

impl Mailroom {
    /// Counts a message that was checked.
    pub(crate) fn note_sighting(
        &self,
        delivery: &InboundDelivery,
        verdicts: &Verdicts,
        fate: Fate,
    ) {
        if self.inner.sightings.dns.get().is_none() {
            return;
        }
        let sender = delivery.envelope_from.as_ref();
        let domain = sender.map(|sender| sender.domain().as_str());
        if let Some(what) = sighting(verdicts, domain, fate, self.now_seconds()) {
            self.inner.sightings.add(what, 1);
        }
    }

    /// Keeps what was counted since the last time. To be called every few seconds by every process that receives mail: what
    /// one that dies has not kept is in no report.
    ///
    /// # Errors
    /// When the store is unavailable; the counts are kept the next time, and some of them twice if the store did so already.
    pub async fn keep_sightings(&self) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.inner.sightings.pending());
        let mut taken = taken.into_iter();
        loop {
            let step: Vec<((Place, Sighting), i64)> =
                taken.by_ref().take(KEPT_PER_STEP_MAX).collect();
            if step.is_empty() {
                return Ok(());
            }
            let rows: Arc<Vec<Seen>> = Arc::new(step.iter().map(seen).collect());
            let kept = self.store().write(move |tx: &mut dyn Tx| {
                let mut dropped = 0;
                for row in rows.iter() {
                    let was_kept = dmarc_seen::count(tx, row, due_at(row), BOUNDS)?;
                    dropped += u64::from(!was_kept);
                }
                Ok::<_, StoreError>(dropped)
            });
            match kept.await {
                Ok(dropped) => {
                    metrics::counter!("posthouse_dmarc_sightings_dropped_total").increment(dropped);
                }
                Err(error) => {
                    for (what, messages) in step.into_iter().chain(taken) {
                        self.inner.sightings.add(what, messages);
                    }
                    return Err(error);
                }
            }
        }
    }
}

fn seen(((place, sighting), messages): &((Place, Sighting), i64)) -> Seen {
    let about = serde_json::to_string(sighting).expect("texts and flags serialise");
    Seen {
        day: place.day,
        domain: place.domain.clone(),
        digest: hex(&about),
        about,
        messages: *messages,
    }
}

/// Returns when a day of a domain is reported: soon after its end, those of all domains spread over a while.
fn due_at(seen: &Seen) -> i64 {
    let spread = i64::from_str_radix(&hex(&seen.domain)[..8], 16).unwrap_or_default();
    (seen.day + 1) * DAY_SECONDS + SETTLING_SECONDS + spread % SPREAD_SECONDS
}

/// Returns 32 hexadecimal digits that stand for a text.
pub(super) fn hex(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
