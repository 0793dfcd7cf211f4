//! The reader of the change log that fills the index.
//!
//! Mail that arrives is not held up by it: what is indexed was committed before. Messages leave the index with their
//! rows, so that nothing is found that is gone.

use std::collections::BTreeMap;

use posthouse_store::changes::{self, ChangeKind, Cursor};
use posthouse_store::engine::Dialect;
use posthouse_store::leases::{self, Lease};
use posthouse_store::tables::messages;
use posthouse_store::tables::search::{self, Document};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;
use uuid::Uuid;

use super::document;
use super::limits::{
    BACKLOG_PER_STEP_MAX, CHANGES_PER_STEP_MAX, CURSOR_AGE_US_MAX, INDEX_LEASE_US,
    INDEX_RENEWAL_US, STEP_BYTES_MAX,
};
use crate::{Mailroom, Refusal};

/// The name of this reader of the change log, and of the lease under which it reads.
const READER: &str = "search";

/// The reader of the change log: of all processes, one reads at a time. Its cursor is durable together with the index.
#[derive(Debug)]
pub struct SearchIndex {
    mailroom: Mailroom,
    holder: String,
    hold: Option<Hold>,
}

/// What a step left behind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// Messages made findable.
    pub messages: usize,
    /// Whether more is waiting.
    pub more: bool,
}

/// The right to read, and where the reader is.
#[derive(Debug, Clone)]
struct Hold {
    /// None on the embedded store, which no other process reads.
    lease: Option<Lease>,
    renewed_us: i64,
    seen: Cursor,
    kept: Cursor,
    kept_us: i64,
}

/// What a look at the store found.
#[derive(Debug)]
struct Look {
    documents: Vec<Document>,
    seen: Cursor,
    /// Below which keys messages of before the index are still to be indexed: until now, and after this step.
    backlog: Option<(Key, Option<Key>)>,
    more: bool,
}

impl Mailroom {
    /// Returns a reader of the change log for the index; it has read nothing and holds nothing yet.
    #[must_use]
    pub fn search_index(&self) -> SearchIndex {
        SearchIndex {
            mailroom: self.clone(),
            holder: Uuid::new_v4().to_string(),
            hold: None,
        }
    }

    /// Has every message indexed anew, newest first, while the index goes on to serve.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn rebuild_search_index(&self) -> Result<(), Refusal> {
        let noted = self.store().write(search::begin_backlog);
        noted.await.map_err(Refusal::from)
    }
}

impl SearchIndex {
    /// Indexes the next messages: first what the log tells, then what was there before the index.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the next step begins where this one did.
    pub async fn step(&mut self) -> Result<Indexed, Refusal> {
        let Some(hold) = self.held().await? else {
            return Ok(Indexed::default());
        };
        let seen = hold.seen;
        let look = self
            .mailroom
            .store()
            .read(move |tx: &mut dyn Tx| look(tx, seen));
        let look = look.await.map_err(Refusal::from)?;
        let indexed = Indexed {
            messages: look.documents.len(),
            more: look.more,
        };
        self.keep(hold, look).await?;
        Ok(indexed)
    }

    /// Keeps the position and lets another process read.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; then the lease runs out and some messages are indexed once more.
    pub async fn finish(mut self) -> Result<(), Refusal> {
        let Some(hold) = self.hold.take() else {
            return Ok(());
        };
        let now_us = self.mailroom.clock().unix_us();
        let finished = self.mailroom.store().write(move |tx: &mut dyn Tx| {
            if !still_held(tx, &hold, now_us)? {
                return Ok(());
            }
            changes::advance(tx, READER, hold.seen)?;
            match &hold.lease {
                Some(lease) => leases::release(tx, lease),
                None => Ok(()),
            }
        });
        finished.await.map_err(Refusal::from)
    }

    /// Returns the right to read, taking it when it is free.
    async fn held(&mut self) -> Result<Option<Hold>, Refusal> {
        if self.hold.is_none() {
            let (holder, now_us) = (self.holder.clone(), self.mailroom.clock().unix_us());
            let taken = self
                .mailroom
                .store()
                .write(move |tx: &mut dyn Tx| take(tx, &holder, now_us));
            self.hold = taken.await.map_err(Refusal::from)?;
        }
        Ok(self.hold.clone())
    }

    /// Writes what was found and the position in one transaction; the position alone only now and then.
    async fn keep(&mut self, mut hold: Hold, look: Look) -> Result<(), Refusal> {
        let now_us = self.mailroom.clock().unix_us();
        hold.seen = look.seen;
        let moved = hold.seen != hold.kept && now_us - hold.kept_us >= CURSOR_AGE_US_MAX;
        let aging = hold.lease.is_some() && now_us - hold.renewed_us >= INDEX_RENEWAL_US;
        if look.documents.is_empty() && look.backlog.is_none() && !moved && !aging {
            self.hold = Some(hold);
            return Ok(());
        }
        let current = hold.clone();
        let (documents, backlog) = (look.documents, look.backlog);
        let kept = self.mailroom.store().write(move |tx: &mut dyn Tx| {
            if !still_held(tx, &current, now_us)? {
                return Ok(false);
            }
            if current.seen != current.kept {
                changes::advance(tx, READER, current.seen)?;
            }
            if let Some((from, to)) = backlog {
                search::shorten_backlog(tx, from, to)?;
            }
            search::index(tx, &documents)?;
            Ok::<_, StoreError>(true)
        });
        if !kept.await.map_err(Refusal::from)? {
            tracing::warn!("another process fills the search index now");
            self.hold = None;
            return Ok(());
        }
        hold.kept = hold.seen;
        hold.kept_us = now_us;
        hold.renewed_us = now_us;
        self.hold = Some(hold);
        Ok(())
    }
}

fn take(tx: &mut dyn Tx, holder: &str, now_us: i64) -> Result<Option<Hold>, StoreError> {
    let mut lease = None;
    if !tx.dialect().is_embedded() {
        lease = leases::acquire(tx, READER, holder, now_us, now_us + INDEX_LEASE_US)?;
        if lease.is_none() {
            return Ok(None);
        }
    }
    let cursor = changes::cursor(tx, READER)?;
    Ok(Some(Hold {
        lease,
        renewed_us: now_us,
        seen: cursor,
        kept: cursor,
        kept_us: now_us,
    }))
}

/// Tells whether the lease is still ours, and renews it; see the reader for webhooks.
fn still_held(tx: &mut dyn Tx, hold: &Hold, now_us: i64) -> Result<bool, StoreError> {
    let Some(lease) = &hold.lease else {
        return Ok(true);
    };
    let until_us = now_us + INDEX_LEASE_US;
    let renewed = leases::acquire(tx, READER, &lease.holder, now_us, until_us)?;
    Ok(renewed.is_some_and(|renewed| renewed.token == lease.token))
}

fn look(tx: &mut dyn Tx, seen: Cursor) -> Result<Look, StoreError> {
    let batch = changes::after(tx, seen, CHANGES_PER_STEP_MAX)?;
    let mut room = Room::default();
    let mut look = Look {
        documents: Vec::new(),
        seen,
        backlog: None,
        more: batch.len() as i64 == CHANGES_PER_STEP_MAX,
    };
    for change in &batch {
        if room.is_full() {
            look.more = true;
            break;
        }
        look.seen = change.position;
        if let (ChangeKind::MessageCreated, Some(grant)) = (change.kind, change.grant) {
            room.take(tx, grant, change.object)?;
        }
    }
    if let Some(below) = search::backlog(tx)? {
        if batch.is_empty() {
            let rest = older(tx, below, &mut room)?;
            look.backlog = Some((below, rest));
            look.more = rest.is_some();
        } else {
            look.more = true;
        }
    }
    look.documents = room.documents.into_values().collect();
    Ok(look)
}

/// Takes messages of before the index, newest first; returns below which key the rest is, if there is any.
fn older(tx: &mut dyn Tx, below: Key, room: &mut Room) -> Result<Option<Key>, StoreError> {
    let mut left = None;
    for (message, grant) in search::of_backlog(tx, below, BACKLOG_PER_STEP_MAX)? {
        if room.is_full() {
            break;
        }
        left = Some(message);
        room.take(tx, grant, message)?;
    }
    Ok(left)
}

/// The documents of one step, in the order of their keys, in which the index wants them.
#[derive(Default)]
struct Room {
    documents: BTreeMap<Key, Document>,
    bytes: usize,
}

impl Room {
    fn is_full(&self) -> bool {
        self.bytes >= STEP_BYTES_MAX
    }

    /// Reads a message, if it is still there.
    fn take(&mut self, tx: &mut dyn Tx, grant: Key, message: Key) -> Result<(), StoreError> {
        let dialect: Dialect = tx.dialect();
        messages::show(tx, grant, &[message], &mut |shown| {
            // What cannot be read is not found; the reader goes on, or nothing behind it would be.
            match document::fields(&shown) {
                Ok(fields) => {
                    let document = Document::new(dialect, grant, message, &fields);
                    self.bytes += document.bytes();
                    self.documents.insert(message, document);
                }
                Err(error) => {
                    let message = message.0;
                    tracing::error!(message.key = message, "cannot index a message: {error}");
                }
            }
            Ok(())
        })
    }
}
