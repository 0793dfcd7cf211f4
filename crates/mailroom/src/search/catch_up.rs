//! A search never misses mail because the index is behind: when it is, the mail of the one account is indexed out of
//! turn, while the search waits.
//!
//! The index is behind for a moment after each commit, which is what searches may miss; for longer while the server is
//! so busy that indexing waits; and for long only after an index was lost, or a release with another one was installed.

use posthouse_store::tables::search::{self, Standing};
use posthouse_store::{IndexSide, StoreError, Tx};
use posthouse_types::ids::Key;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::index::Room;
use super::limits::{FRESH, INDEX_WAIT, WAITED_FOR_PER_STEP_MAX};
use crate::{Mailroom, Refusal};

/// Messages of an account that are found to be missing in one look.
const MISSING_PER_LOOK_MAX: i64 = 100_000;

impl Mailroom {
    /// Returns once everything an account had half a second ago can be found.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when that takes too long: the index is new and the mailbox large.
    pub(crate) async fn index_is_ready(&self, grant: Key) -> Result<(), Refusal> {
        let deadline = Instant::now() + INDEX_WAIT;
        loop {
            let standing = self.index_standing(grant).await?;
            if standing.complete && !self.is_behind(&standing) {
                return Ok(());
            }
            let missing = self.missing(grant, &standing).await?;
            let is_all = (missing.len() as i64) < MISSING_PER_LOOK_MAX;
            for some in missing.chunks(WAITED_FOR_PER_STEP_MAX) {
                // By turns, so that a large mailbox keeps nobody else waiting.
                let _turn = turn(&self.inner.catching_up, deadline).await?;
                self.index_out_of_turn(grant, some.to_vec()).await?;
            }
            if !standing.complete && is_all {
                let complete = move |tx: &mut dyn Tx| search::complete_account(tx, grant);
                let store = self.store();
                store.write_index(IndexSide::Serving, complete).await?;
            }
            if is_all {
                return Ok(());
            }
        }
    }

    async fn index_standing(&self, grant: Key) -> Result<Standing, StoreError> {
        let standing = move |tx: &mut dyn Tx| search::standing(tx, grant);
        self.store().read(standing).await
    }

    /// Tells whether changes have waited for long to be indexed. On PostgreSQL nobody waits for the index while the
    /// server is busy, and the newest changes may not be read yet whatever is done.
    fn is_behind(&self, standing: &Standing) -> bool {
        let fresh_us = i64::try_from(FRESH.as_micros()).unwrap_or(i64::MAX);
        let oldest_us = self.clock().unix_us() - fresh_us;
        self.store().has_index_files() && standing.pending_since_us.is_some_and(|at| at < oldest_us)
    }

    /// Returns messages of an account that are not in the index: of before it, or those that the log tells of.
    async fn missing(&self, grant: Key, standing: &Standing) -> Result<Vec<Key>, StoreError> {
        let standing = *standing;
        let missing = move |tx: &mut dyn Tx| {
            if !standing.complete {
                return search::not_indexed(tx, grant, MISSING_PER_LOOK_MAX);
            }
            let mut missing = Vec::new();
            for message in posthouse_store::changes::messages_after(tx, standing.cursor, grant)? {
                if !search::is_indexed(tx, message)? {
                    missing.push(message);
                }
            }
            Ok(missing)
        };
        self.store().read(missing).await
    }

    async fn index_out_of_turn(&self, grant: Key, messages: Vec<Key>) -> Result<(), StoreError> {
        let mut left = messages;
        while !left.is_empty() {
            let read = move |tx: &mut dyn Tx| {
                let mut room = Room::of(tx);
                while let Some(message) = left.pop() {
                    // Another search may have waited for it as well.
                    if !search::is_indexed(tx, message)? {
                        room.take(tx, grant, message)?;
                    }
                    if room.is_full() {
                        break;
                    }
                }
                Ok::<_, StoreError>((room.documents, left))
            };
            let (documents, rest) = self.store().read(read).await?;
            left = rest;
            let documents: Vec<_> = documents.into_values().collect();
            let index = move |tx: &mut dyn Tx| search::index(tx, &documents);
            let store = self.store();
            store.write_index(IndexSide::Serving, index).await?;
        }
        Ok(())
    }
}

/// Waits for a turn; after the deadline there is none, not even while nobody else wants one.
async fn turn(turns: &Mutex<()>, deadline: Instant) -> Result<MutexGuard<'_, ()>, Refusal> {
    if Instant::now() >= deadline {
        return Err(being_indexed());
    }
    let turn = tokio::time::timeout_at(deadline, turns.lock()).await;
    turn.map_err(|_| being_indexed())
}

fn being_indexed() -> Refusal {
    Refusal::Unavailable {
        message: "this mailbox is being indexed; try again in a minute".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_search_waits_for_its_mailbox_until_the_deadline_and_no_longer() {
        let turns = Mutex::new(());
        let deadline = Instant::now() + INDEX_WAIT;
        let held = turn(&turns, deadline).await.expect("a free turn");
        assert!(turn(&turns, deadline).await.is_err(), "held all the time");
        drop(held);
        assert!(turn(&turns, deadline).await.is_err(), "free, but too late");
    }
}
