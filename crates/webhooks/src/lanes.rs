//! One lane per destination: what it holds, and how many calls it makes at once.
//!
//! HOOK-06: a lane holds a handful of deliveries and no more. A destination that stalls fills its own lane; its further
//! deliveries stay in the store, and no other destination waits for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::webhooks::{Attempt, ClaimedDelivery};
use posthouse_net::http::GuardedClient;
use posthouse_types::ids::Key;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::call;
use crate::limits::{
    CALLS_MAX, CALLS_PER_DESTINATION_MAX, CLAIM_LEFT_US_MIN, HELD_PER_DESTINATION_MAX,
};

/// All lanes of the process. Clones share them.
#[derive(Clone)]
pub(crate) struct Lanes {
    inner: Arc<Inner>,
}

struct Inner {
    mailroom: Mailroom,
    client: GuardedClient,
    reports: mpsc::Sender<Attempt>,
    lanes: Mutex<HashMap<Key, Lane>>,
    /// Places for calls of all destinations together.
    calls: Semaphore,
    callers: TaskTracker,
    hungry: Notify,
    /// Nothing more is begun.
    closing: CancellationToken,
    /// What is under way is cut off.
    cut_off: CancellationToken,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<ClaimedDelivery>,
    /// Tasks that make one call after the other.
    callers: usize,
    /// Whether the store may have more for this destination than the lane had room for.
    behind: bool,
}

impl Lane {
    /// Tells whether the callers will soon have nothing to do.
    fn is_low(&self) -> bool {
        self.waiting.len() < CALLS_PER_DESTINATION_MAX
    }

    fn room(&self) -> usize {
        HELD_PER_DESTINATION_MAX.saturating_sub(self.waiting.len() + self.callers)
    }
}

impl Lanes {
    pub(crate) fn new(
        mailroom: Mailroom,
        client: GuardedClient,
        reports: mpsc::Sender<Attempt>,
    ) -> Self {
        let inner = Inner {
            mailroom,
            client,
            reports,
            lanes: Mutex::default(),
            calls: Semaphore::new(CALLS_MAX),
            callers: TaskTracker::new(),
            hungry: Notify::new(),
            closing: CancellationToken::new(),
            cut_off: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Tells how many more deliveries of a destination may be claimed.
    pub(crate) fn room(&self, webhook: Key) -> usize {
        let lanes = self.lanes();
        lanes
            .get(&webhook)
            .map_or(HELD_PER_DESTINATION_MAX, Lane::room)
    }

    /// Tells how many new deliveries of a destination may be claimed as they are written: none while older ones wait.
    pub(crate) fn room_for_new(&self, webhook: Key) -> usize {
        let lanes = self.lanes();
        match lanes.get(&webhook) {
            Some(lane) if lane.behind => 0,
            Some(lane) => lane.room(),
            None => HELD_PER_DESTINATION_MAX,
        }
    }

    /// Takes deliveries that this process holds and begins to send them.
    pub(crate) fn offer(&self, claimed: Vec<ClaimedDelivery>) {
        let mut lanes = self.lanes();
        for delivery in claimed {
            let webhook = delivery.webhook();
            let lane = lanes.entry(webhook).or_default();
            lane.waiting.push_back(delivery);
            if lane.callers < CALLS_PER_DESTINATION_MAX {
                lane.callers += 1;
                let lanes = self.clone();
                self.inner
                    .callers
                    .spawn(async move { lanes.make_calls(webhook).await });
            }
        }
    }

    /// Notes that the store has more for these destinations, so that their lanes ask for it as they empty.
    pub(crate) fn fall_behind(&self, webhooks: &[Key]) {
        if webhooks.is_empty() {
            return;
        }
        let mut lanes = self.lanes();
        for webhook in webhooks {
            match lanes.get_mut(webhook) {
                Some(lane) if !lane.is_low() => lane.behind = true,
                _ => self.inner.hungry.notify_one(),
            }
        }
    }

    /// Waits until a lane that is behind runs low.
    pub(crate) async fn hungry(&self) {
        self.inner.hungry.notified().await;
    }

    /// Begins no more calls, gives those under way `drain` to end, and returns what was not tried.
    pub(crate) async fn close(&self, drain: Duration) -> Vec<ClaimedDelivery> {
        self.inner.closing.cancel();
        self.inner.callers.close();
        if timeout(drain, self.inner.callers.wait()).await.is_err() {
            tracing::warn!(
                "webhook calls did not end in time and are repeated after the next start"
            );
            self.inner.cut_off.cancel();
            self.inner.callers.wait().await;
        }
        let lanes = std::mem::take(&mut *self.lanes());
        lanes.into_values().flat_map(|lane| lane.waiting).collect()
    }

    /// Makes calls to one destination until its lane is empty.
    async fn make_calls(&self, webhook: Key) {
        while let Some(delivery) = self.next(webhook) {
            let left_us = delivery.until_us() - self.inner.mailroom.clock().unix_us();
            if left_us < CLAIM_LEFT_US_MIN {
                // It waited too long for a place; whoever claims it next begins in time.
                metrics::counter!("posthouse_webhooks_claims_outlived_total").increment(1);
                continue;
            }
            let given_back = delivery.clone();
            tokio::select! {
                () = self.attempt(delivery) => {}
                () = self.inner.cut_off.cancelled() => {
                    // Nobody knows whether it arrived: at least once means again.
                    self.lanes().entry(webhook).or_default().waiting.push_front(given_back);
                }
            }
        }
    }

    /// Returns the next delivery of a lane, or ends one of its callers.
    fn next(&self, webhook: Key) -> Option<ClaimedDelivery> {
        let mut lanes = self.lanes();
        let lane = lanes.get_mut(&webhook)?;
        let next = if self.inner.closing.is_cancelled() {
            None
        } else {
            lane.waiting.pop_front()
        };
        if lane.behind && lane.is_low() {
            lane.behind = false;
            self.inner.hungry.notify_one();
        }
        if next.is_none() {
            lane.callers -= 1;
            if lane.callers == 0 && lane.waiting.is_empty() {
                lanes.remove(&webhook);
            }
        }
        next
    }

    async fn attempt(&self, delivery: ClaimedDelivery) {
        let Ok(_place) = self.inner.calls.acquire().await else {
            return;
        };
        let made = call::attempt(&self.inner.mailroom, &self.inner.client, delivery).await;
        if let Some(made) = made {
            // The recorder outlives the lanes.
            let _ = self.inner.reports.send(made).await;
        }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Key, Lane>> {
        self.inner
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
