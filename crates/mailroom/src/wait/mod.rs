//! Requests that wait for the next message of a mailbox.
//!
//! Waiting costs no connection and no thread. While anybody waits, one task looks whether messages have entered the
//! mailboxes concerned, in one query whenever something was committed anywhere; only the requests of a mailbox that has
//! something new look for a match.
//!
//! Nothing is missed in between: a request takes its place first and looks then, so what is committed behind its back
//! wakes it. It reads on by message key, which grows with every message that is stored in a mailbox.
//!
//! What the database can tell of a message selects the candidates; for words, codes and links each candidate is read.

mod closer;
mod places;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use posthouse_store::Tx;
use posthouse_store::tables::messages::{self, Selection};
use posthouse_types::ids::{Key, Kind};
use tokio::time::Instant;

use crate::actor::GrantRef;
use crate::read::{Detail, MessageQuery, selection};
use crate::{Mailroom, Refusal};

use closer::Wanted;

pub(crate) use places::Places;

/// Requests that wait for messages of one account at once, in one process.
pub const WAITS_PER_GRANT_MAX: usize = 20;

/// Without a `since`, a message whose key is older than the request may still be about to be committed; older ones than
/// this are not.
const COMMIT_SECONDS_MAX: i64 = 60;

/// Matches looked at to find out which were there before the request.
const EARLIER_LOOKED_AT_MAX: i64 = 50;

/// What is waited for.
#[derive(Debug, Clone)]
pub struct MessageWait {
    /// Which messages match. Words are looked for in the message itself: the index may not have it yet.
    pub query: MessageQuery,
    /// With or without a one-time code only.
    pub has_otp: Option<bool>,
    /// With or without a link only.
    pub has_link: Option<bool>,
    /// From when on.
    pub since: WaitSince,
    /// What the message shows.
    pub detail: Detail,
    /// How long to wait at most.
    pub timeout: Duration,
}

/// From when on messages count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitSince {
    /// From the beginning of the request.
    Request,
    /// Accepted in this Unix second or later.
    Time(i64),
    /// Stored after the message with this public id, whether it is still there or not.
    Message(String),
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// The object of the oldest match; `None` when the time was over first.
    pub message: Option<Vec<u8>>,
    /// From when on to wait next: a Unix second or the id of a message.
    pub next_since: String,
}

/// A place in the order of messages; what comes after it counts.
#[derive(Debug, Clone, Copy)]
struct Behind {
    /// Accepted in this Unix second or later.
    time: Option<i64>,
    /// Stored after this message; 0 for any.
    key: Key,
}

impl Behind {
    fn key(key: Key) -> Self {
        Self { time: None, key }
    }

    fn time(time: i64) -> Self {
        Self {
            time: Some(time),
            key: Key(0),
        }
    }
}

impl Mailroom {
    /// Returns the oldest matching message since some moment, as soon as there is one.
    ///
    /// To be cancelled at any time; the place is free again at once.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`] when too many wait for this account already; [`Refusal::Invalid`] for a `since` that is
    /// no message's id.
    pub async fn wait_for_message(
        &self,
        grant: &GrantRef,
        wait: MessageWait,
    ) -> Result<Waited, Refusal> {
        let deadline = Instant::now() + wait.timeout;
        let request_began = Key::floor_of(self.clock().unix_ms());
        let mut place = self.take_place(grant.grant)?;
        let wanted = Wanted::of(&wait);
        let mut from = match &wait.since {
            WaitSince::Request => {
                self.behind_earlier(grant.grant, &wanted.query, request_began)
                    .await?
            }
            WaitSince::Time(time) => Behind::time(*time),
            WaitSince::Message(id) => Behind::key(self.open_since(id)?),
        };
        loop {
            place.mark_seen();
            let found = self.first_match(grant.grant, &wanted, &mut from, deadline);
            if let Some(waited) = found.await? {
                return Ok(waited);
            }
            let arrived = tokio::time::timeout_at(deadline, place.arrival()).await;
            if arrived != Ok(true) {
                return Ok(Waited {
                    message: None,
                    next_since: self.spell(from),
                });
            }
        }
    }

    fn open_since(&self, id: &str) -> Result<Key, Refusal> {
        self.open_id(Kind::Message, id).map_err(|_| {
            Refusal::invalid(
                "since",
                "expected Unix seconds, or the id of a message or next_since of a former answer",
            )
        })
    }

    fn spell(&self, from: Behind) -> String {
        match from {
            Behind {
                time: Some(time),
                key: Key(0),
            } => time.to_string(),
            Behind { key, .. } => self.public_id(Kind::Message, key),
        }
    }

    /// Returns the place behind the messages that were there before a request began.
    async fn behind_earlier(
        &self,
        grant: Key,
        query: &Arc<MessageQuery>,
        request_began: Key,
    ) -> Result<Behind, Refusal> {
        let earliest = Key::floor_of(request_began.unix_ms() - COMMIT_SECONDS_MAX * 1_000);
        let recent = self
            .select(grant, query, move |tx, mut selection| {
                selection.limit = EARLIER_LOOKED_AT_MAX;
                Ok(messages::select(tx, &selection)?)
            })
            .await?
            .unwrap_or_default();
        let earlier = recent.iter().map(|position| position.id);
        let last = earlier.filter(|id| *id < request_began).max();
        Ok(Behind::key(last.unwrap_or(earliest).max(earliest)))
    }

    /// Looks for the oldest match, and leaves `from` behind the messages that were looked at in vain: they are not read
    /// again. Goes on to the next message until the deadline.
    async fn first_match(
        &self,
        grant: Key,
        wanted: &Wanted,
        from: &mut Behind,
        deadline: Instant,
    ) -> Result<Option<Waited>, Refusal> {
        while let Some(found) = self.oldest(grant, &wanted.query, *from).await? {
            if self.is_wanted(grant, found, wanted).await?
                && let Some(message) = self.message_object(grant, found, wanted.detail).await?
            {
                return Ok(Some(Waited {
                    message: Some(message),
                    next_since: self.public_id(Kind::Message, found),
                }));
            }
            from.key = found;
            if Instant::now() >= deadline {
                break;
            }
        }
        Ok(None)
    }

    async fn oldest(
        &self,
        grant: Key,
        query: &Arc<MessageQuery>,
        from: Behind,
    ) -> Result<Option<Key>, Refusal> {
        let found = self
            .select(grant, query, move |tx, mut selection| {
                if let Some(time) = from.time {
                    selection.after = Some(time.saturating_sub(1));
                }
                Ok(messages::oldest(tx, &selection, from.key)?)
            })
            .await?;
        Ok(found.flatten().map(|position| position.id))
    }

    /// Runs a query over the messages that match; `None` when none can.
    async fn select<T: Send + 'static>(
        &self,
        grant: Key,
        query: &Arc<MessageQuery>,
        work: impl FnOnce(&mut dyn Tx, Selection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Option<T>, Refusal> {
        let (codec, query) = (self.store().ids().clone(), Arc::clone(query));
        self.store()
            .read(move |tx: &mut dyn Tx| {
                selection(tx, &codec, grant, &query)?
                    .map(|selection| work(tx, selection))
                    .transpose()
            })
            .await
    }
}
