//! One lane per destination, addresses to leave from, and need of TLS: what it holds, who works on it, and whether the
//! destination is left alone for a while.
//!
//! A destination that has not been reached yet gets one worker, and one that could not be reached is left alone: its mail
//! stays in the store, where it costs nothing. So dead destinations cannot take what the living need.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::outbound::{AttemptReport, ClaimedMail, TlsNeed};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connect::Connector;
use crate::limits::{
    BACK_OFF_FIRST, BACK_OFF_MAX, BACK_OFFS_MAX, HELD_PER_DESTINATION_LOW,
    HELD_PER_DESTINATION_MAX, PROBES_MAX, SESSION_IDLE, SESSIONS_MAX,
};
use crate::worker;

/// All lanes of the process. Clones share them.
#[derive(Clone)]
pub(crate) struct Lanes {
    inner: Arc<Inner>,
}

struct Inner {
    mailroom: Mailroom,
    connector: Connector,
    reports: mpsc::Sender<AttemptReport>,
    lanes: Mutex<Table>,
    /// Places for sessions of all destinations together.
    sessions: Arc<Semaphore>,
    /// Places for sessions with destinations that have not been reached yet.
    probes: Arc<Semaphore>,
    workers: TaskTracker,
    hungry: Notify,
    /// Nothing more is begun.
    closing: CancellationToken,
    /// What is under way is cut off.
    cut_off: CancellationToken,
}

#[derive(Default)]
struct Table {
    destinations: HashMap<String, Destination>,
    left_alone: HashMap<String, LeftAlone>,
}

impl Table {
    fn lane_mut(&mut self, name: &LaneName) -> Option<&mut Lane> {
        let destination = self.destinations.get_mut(&name.destination)?;
        destination.lanes.get_mut(&name.apart())
    }
}

/// Whose mail goes over the same sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaneName {
    /// Where it goes.
    pub(crate) destination: String,
    /// Addresses of this host that it may leave from; none: whatever the host chooses.
    pub(crate) sources: Vec<IpAddr>,
    /// What TLS it needs.
    pub(crate) tls_need: TlsNeed,
}

impl LaneName {
    /// What sets it apart from other lanes of its destination.
    fn apart(&self) -> Apart {
        (self.tls_need, self.sources.clone())
    }
}

type Apart = (TlsNeed, Vec<IpAddr>);

/// What is held for a destination.
#[derive(Default)]
struct Destination {
    lanes: BTreeMap<Apart, Lane>,
    /// The store may have more than there was room for.
    behind: bool,
    /// When the next message may go, where there is a rate.
    next_at: Option<Instant>,
}

impl Destination {
    fn waiting(&self) -> usize {
        self.lanes.values().map(|lane| lane.waiting.len()).sum()
    }

    fn room(&self) -> usize {
        HELD_PER_DESTINATION_MAX.saturating_sub(self.waiting())
    }

    fn is_low(&self) -> bool {
        self.waiting() < HELD_PER_DESTINATION_LOW
    }
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<ClaimedMail>,
    /// Tasks with a session each.
    workers: usize,
    /// Of these, those with a message under way: however long it takes, what waits does not wait for it.
    busy: usize,
    /// Wakes workers that wait for more mail with their session open.
    more: Arc<Notify>,
    /// A session with it has worked.
    is_proven: bool,
}

/// A destination that could not be reached.
struct LeftAlone {
    until: Instant,
    failures: u32,
}

/// A worker that is on its lane for as long as this lives, however it ends.
struct Working {
    lanes: Lanes,
    name: LaneName,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.lanes.leave(&self.name);
    }
}

/// A message under way, for as long as this lives.
pub(crate) struct Busy {
    lanes: Lanes,
    name: LaneName,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(lane) = self.lanes.table().lane_mut(&self.name) {
            lane.busy -= 1;
        }
    }
}

/// A place for a session.
pub(crate) struct Place {
    _session: OwnedSemaphorePermit,
    _probe: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    pub(crate) fn new(
        mailroom: Mailroom,
        connector: Connector,
        reports: mpsc::Sender<AttemptReport>,
    ) -> Self {
        let inner = Inner {
            mailroom,
            connector,
            reports,
            lanes: Mutex::default(),
            sessions: Arc::new(Semaphore::new(SESSIONS_MAX)),
            probes: Arc::new(Semaphore::new(PROBES_MAX)),
            workers: TaskTracker::new(),
            hungry: Notify::new(),
            closing: CancellationToken::new(),
            cut_off: CancellationToken::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn mailroom(&self) -> &Mailroom {
        &self.inner.mailroom
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.inner.connector
    }

    /// Tells how many more messages for a destination may be claimed.
    pub(crate) fn room(&self, destination: &str) -> usize {
        let table = self.table();
        let now = Instant::now();
        if table
            .left_alone
            .get(destination)
            .is_some_and(|alone| alone.until > now)
        {
            return 0;
        }
        table
            .destinations
            .get(destination)
            .map_or(HELD_PER_DESTINATION_MAX, Destination::room)
    }

    /// Takes mail that this process holds and begins to deliver it.
    pub(crate) fn offer(&self, claimed: Vec<ClaimedMail>) {
        let mut table = self.table();
        for mail in claimed {
            let name = LaneName {
                destination: mail.destination.clone(),
                sources: mail.sources.clone(),
                tls_need: mail.tls_need,
            };
            let destination = table
                .destinations
                .entry(name.destination.clone())
                .or_default();
            let lane = destination.lanes.entry(name.apart()).or_default();
            lane.waiting.push_back(mail);
            lane.more.notify_one();
            self.staff(&name, lane);
        }
    }

    /// Notes that the store has more for these destinations, so that their lanes ask for it as they empty.
    pub(crate) fn fall_behind(&self, destinations: &[String]) {
        let mut table = self.table();
        let now = Instant::now();
        for destination in destinations {
            let alone = table.left_alone.get(destination);
            if alone.is_some_and(|alone| alone.until > now) {
                continue;
            }
            match table.destinations.get_mut(destination) {
                Some(held) if !held.is_low() => held.behind = true,
                _ => self.inner.hungry.notify_one(),
            }
        }
    }

    /// Waits until a destination that is behind runs low.
    pub(crate) async fn hungry(&self) {
        self.inner.hungry.notified().await;
    }

    /// Gives a lane as many workers as it has use for.
    fn staff(&self, name: &LaneName, lane: &mut Lane) {
        let most = if lane.is_proven {
            self.inner.connector.config().sessions_per_destination_max
        } else {
            1
        };
        let wanted = (lane.waiting.len() + lane.busy).min(most);
        while lane.workers < wanted && !self.inner.closing.is_cancelled() {
            lane.workers += 1;
            let (lanes, name) = (self.clone(), name.clone());
            let working = Working { lanes, name };
            self.inner.workers.spawn(async move {
                tokio::select! {
                    () = worker::work(&working.lanes, &working.name) => {}
                    () = working.lanes.inner.cut_off.cancelled() => {}
                }
            });
        }
    }

    /// Takes a worker off its lane, and puts another on it if mail came at the last moment.
    fn leave(&self, name: &LaneName) {
        let mut table = self.table();
        let Some(destination) = table.destinations.get_mut(&name.destination) else {
            return;
        };
        let Some(lane) = destination.lanes.get_mut(&name.apart()) else {
            return;
        };
        lane.workers -= 1;
        if lane.workers > 0 || !lane.waiting.is_empty() {
            self.staff(name, lane);
            return;
        }
        destination.lanes.remove(&name.apart());
        if destination.lanes.is_empty() {
            table.destinations.remove(&name.destination);
        }
    }

    /// Returns the next message of a lane, waiting a little for it when a session is open; `None` ends a worker.
    pub(crate) async fn next(
        &self,
        name: &LaneName,
        has_session: bool,
    ) -> Option<(ClaimedMail, Busy)> {
        let deadline = Instant::now() + SESSION_IDLE;
        loop {
            let (more, pause) = {
                let mut table = self.table();
                let destination = table.destinations.get_mut(&name.destination)?;
                let is_over = self.inner.closing.is_cancelled();
                let now = Instant::now();
                let pause = destination
                    .next_at
                    .filter(|at| *at > now)
                    .map(|at| at - now);
                if pause.is_none() && !is_over {
                    let lane = destination.lanes.get_mut(&name.apart())?;
                    let next = lane.waiting.pop_front();
                    lane.busy += usize::from(next.is_some());
                    if destination.behind && destination.is_low() {
                        destination.behind = false;
                        self.inner.hungry.notify_one();
                    }
                    if let Some(next) = next {
                        destination.next_at = self.spacing().map(|spacing| now + spacing);
                        let (lanes, name) = (self.clone(), name.clone());
                        return Some((next, Busy { lanes, name }));
                    }
                }
                let lane = destination.lanes.get_mut(&name.apart())?;
                let is_empty = lane.waiting.is_empty();
                if is_over || (is_empty && (!has_session || now >= deadline)) {
                    return None;
                }
                (Arc::clone(&lane.more), pause)
            };
            let wait = pause.unwrap_or_else(|| deadline.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = more.notified(), if pause.is_none() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.inner.closing.cancelled() => {}
            }
        }
    }

    fn spacing(&self) -> Option<Duration> {
        let rate = self.inner.connector.config().messages_per_second_max?;
        Some(Duration::from_secs(1) / rate.max(1))
    }

    /// Waits for a place for a session.
    pub(crate) async fn place(&self, name: &LaneName) -> Option<Place> {
        let is_proven = {
            let mut table = self.table();
            table.lane_mut(name).is_some_and(|lane| lane.is_proven)
        };
        let probe = if is_proven {
            None
        } else {
            Some(Arc::clone(&self.inner.probes).acquire_owned().await.ok()?)
        };
        let session = Arc::clone(&self.inner.sessions)
            .acquire_owned()
            .await
            .ok()?;
        Some(Place {
            _session: session,
            _probe: probe,
        })
    }

    /// Notes that a session with a destination works: it may have more workers now.
    pub(crate) fn reached(&self, name: &LaneName) {
        let mut table = self.table();
        table.left_alone.remove(&name.destination);
        if let Some(lane) = table.lane_mut(name) {
            lane.is_proven = true;
            self.staff(name, lane);
        }
    }

    /// Leaves a destination alone for a while and returns what its lane held.
    pub(crate) fn leave_alone(&self, name: &LaneName) -> (Vec<ClaimedMail>, Duration) {
        let destination = name.destination.as_str();
        let mut table = self.table();
        let now = Instant::now();
        if table.left_alone.len() >= BACK_OFFS_MAX {
            table.left_alone.retain(|_, alone| alone.until > now);
        }
        let failures = table
            .left_alone
            .get(destination)
            .map_or(1, |alone| alone.failures.saturating_add(1));
        let pause = back_off(failures);
        if table.left_alone.len() < BACK_OFFS_MAX {
            let until = now + pause;
            let alone = LeftAlone { until, failures };
            table.left_alone.insert(destination.to_owned(), alone);
        }
        let lane = table.lane_mut(name);
        let held = lane.map_or_else(Vec::new, |lane| {
            lane.is_proven = false;
            lane.waiting.drain(..).collect()
        });
        (held, pause)
    }

    /// Leaves a destination alone no longer.
    pub(crate) fn return_to(&self, destination: &str) {
        self.table().left_alone.remove(destination);
        self.inner.connector.forget_dead();
    }

    /// Takes all that a lane holds, because none of it can ever be delivered.
    pub(crate) fn drain(&self, name: &LaneName) -> Vec<ClaimedMail> {
        let mut table = self.table();
        let lane = table.lane_mut(name);
        lane.map_or_else(Vec::new, |lane| lane.waiting.drain(..).collect())
    }

    /// Hands over what became of mail.
    pub(crate) async fn report(&self, report: AttemptReport) {
        // The recorder outlives the lanes.
        let _ = self.inner.reports.send(report).await;
    }

    /// Begins nothing more, gives what is under way `drain` to end, and returns what was not tried.
    pub(crate) async fn close(&self, drain: Duration) -> Vec<ClaimedMail> {
        self.inner.closing.cancel();
        self.inner.workers.close();
        if timeout(drain, self.inner.workers.wait()).await.is_err() {
            tracing::warn!(
                "deliveries did not end in time and are attempted again after the next start"
            );
            self.inner.cut_off.cancel();
            self.inner.workers.wait().await;
        }
        let table = std::mem::take(&mut *self.table());
        let held = table.destinations.into_values();
        let lanes = held.flat_map(|destination| destination.lanes.into_values());
        lanes.flat_map(|lane| lane.waiting).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.inner
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn back_off(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(8);
    (BACK_OFF_FIRST * 2_u32.pow(doublings)).min(BACK_OFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_destination_is_left_alone_longer_and_longer_up_to_a_bound() {
        let seconds: Vec<u64> = (1..=7)
            .map(|failures| back_off(failures).as_secs())
            .collect();
        assert_eq!(seconds, [30, 60, 120, 240, 300, 300, 300]);
        assert_eq!(back_off(u32::MAX), BACK_OFF_MAX);
    }
}
