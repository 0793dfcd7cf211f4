//! Who waits, and for which mailbox.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use posthouse_store::tables::folders::Entries;
use posthouse_types::ids::Key;
use tokio::sync::watch;

use super::WAITS_PER_GRANT_MAX;
use super::watch::watch;
use crate::{Mailroom, Refusal};

/// The requests of this process that wait.
#[derive(Debug, Default)]
pub(crate) struct Places {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    mailboxes: HashMap<Key, Mailbox>,
    /// A task looks at the mailboxes.
    is_watched: bool,
    /// The server stops: nobody waits any more.
    is_over: bool,
}

/// A mailbox somebody waits for.
#[derive(Debug)]
struct Mailbox {
    waiting: usize,
    /// What the last look found.
    entries: Option<Entries>,
    arrivals: watch::Sender<u64>,
}

/// A request's place; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    mailroom: Mailroom,
    grant: Key,
    arrivals: watch::Receiver<u64>,
}

impl Mailroom {
    /// Ends all waits, as if their time were over, and lets none begin: the server is about to stop.
    pub fn end_waits(&self) {
        let mut state = self.inner.waits.state();
        state.is_over = true;
        for mailbox in state.mailboxes.values() {
            mailbox.wake();
        }
    }

    pub(super) fn take_place(&self, grant: Key) -> Result<Place, Refusal> {
        let mut state = self.inner.waits.state();
        let mailbox = state.mailboxes.entry(grant).or_insert_with(|| Mailbox {
            waiting: 0,
            entries: None,
            arrivals: watch::Sender::new(0),
        });
        if mailbox.waiting >= WAITS_PER_GRANT_MAX {
            return Err(Refusal::RateLimited {
                message: format!(
                    "{WAITS_PER_GRANT_MAX} requests wait for messages of this account already"
                ),
                retry_after_seconds: 1,
            });
        }
        mailbox.waiting += 1;
        let arrivals = mailbox.arrivals.subscribe();
        if !state.is_watched {
            state.is_watched = true;
            tokio::spawn(watch(self.clone()));
        }
        metrics::gauge!("posthouse_mailroom_waits_open").increment(1);
        Ok(Place {
            mailroom: self.clone(),
            grant,
            arrivals,
        })
    }
}

impl Place {
    /// Counts whatever has arrived by now as seen; to be called before looking for it.
    pub(super) fn mark_seen(&mut self) {
        self.arrivals.mark_unchanged();
    }

    /// Waits until something has arrived that was not seen; false when there is no more waiting.
    pub(super) async fn arrival(&mut self) -> bool {
        if self.mailroom.inner.waits.state().is_over {
            return false;
        }
        let is_told = self.arrivals.changed().await.is_ok();
        is_told && !self.mailroom.inner.waits.state().is_over
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("posthouse_mailroom_waits_open").decrement(1);
        let mut state = self.mailroom.inner.waits.state();
        if let Some(mailbox) = state.mailboxes.get_mut(&self.grant) {
            mailbox.waiting -= 1;
            if mailbox.waiting == 0 {
                state.mailboxes.remove(&self.grant);
            }
        }
    }
}

impl Mailbox {
    fn wake(&self) {
        self.arrivals
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Places {
    /// Returns the mailboxes that somebody waits for; `None` when there are none, and then the watch is over.
    pub(super) fn watched(&self) -> Option<Vec<Key>> {
        let mut state = self.state();
        state.is_watched = !state.mailboxes.is_empty();
        state
            .is_watched
            .then(|| state.mailboxes.keys().copied().collect())
    }

    /// Wakes those whose mailboxes have something new since the last look, and those who have not been told yet.
    pub(super) fn tell(&self, found: &[Entries]) {
        let mut state = self.state();
        for entries in found {
            if let Some(mailbox) = state.mailboxes.get_mut(&entries.grant)
                && mailbox.entries != Some(*entries)
            {
                mailbox.entries = Some(*entries);
                mailbox.wake();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
