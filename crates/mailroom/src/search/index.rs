//! The reader of the change log that fills the index.
//!
//! Mail that arrives is not held up by it: what is indexed was committed before. What is deleted leaves the index with a
//! later step; a search looks at messages that are there only.

use std::collections::BTreeMap;

use posthouse_store::changes::{self, ChangeKind, Cursor};
use posthouse_store::tables::messages;
use posthouse_store::tables::search::{self, Document, READER, State};
use posthouse_store::{IndexSide, StoreError, Tx};
use posthouse_types::ids::Key;

use super::document;
use super::limits::{
    BACKLOG_PER_STEP_MAX, CHANGES_PER_STEP_MAX, FORGOTTEN_PER_STEP_MAX, POSITION_NOTE,
    SHARED_STEP_BYTES_MAX, STEP_BYTES_MAX,
};
use crate::log_reader::{LogReader, Place};
use crate::{Mailroom, Refusal};

/// The reader of the change log: of all processes, one reads at a time. Its cursor is durable together with the index.
#[derive(Debug)]
pub struct SearchIndex {
    mailroom: Mailroom,
    side: IndexSide,
    reader: LogReader,
    /// When and what position was last noted beside the mail.
    noted: (i64, Cursor),
    /// The index may hold messages of deleted accounts.
    forgets: bool,
}

/// What a step left behind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// Messages made findable.
    pub messages: usize,
    /// Whether more is waiting.
    pub more: bool,
}

/// What a look at the store found.
#[derive(Debug)]
struct Look {
    seen: Cursor,
    documents: Vec<Document>,
    /// Messages that were deleted.
    deleted: Vec<Key>,
    /// Accounts that were deleted.
    gone: Vec<Key>,
    backlog: Option<Backlog>,
    more: bool,
}

/// Messages of before the index that a step takes.
#[derive(Debug, Clone, Copy)]
struct Backlog {
    from: Key,
    /// Below which key the rest is, and how many were taken; `None` when nothing is left.
    rest: Option<(Key, i64)>,
}

impl Mailroom {
    /// Returns a reader of the change log for the index that serves; it has read nothing and holds nothing yet.
    #[must_use]
    pub fn search_index(&self) -> SearchIndex {
        SearchIndex::new(self, IndexSide::Serving)
    }
}

impl SearchIndex {
    pub(super) fn new(mailroom: &Mailroom, side: IndexSide) -> Self {
        let place = Place::Index(side);
        Self {
            mailroom: mailroom.clone(),
            side,
            reader: LogReader::new(mailroom.store().clone(), READER, place),
            noted: (mailroom.clock().unix_us(), Cursor::default()),
            forgets: true,
        }
    }

    /// Indexes the next messages: first what the log tells, then what was there before the index.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the next step begins where this one did.
    pub async fn step(&mut self) -> Result<Indexed, Refusal> {
        if self.side == IndexSide::Serving && self.mailroom.store().index_is_damaged() {
            self.renew().await?;
        }
        match self.advance().await {
            Err(StoreError::Damaged(reason)) => {
                tracing::error!("the search index is damaged and made anew: {reason}");
                self.renew().await?;
                Ok(Indexed {
                    messages: 0,
                    more: true,
                })
            }
            outcome => outcome.map_err(Refusal::from),
        }
    }

    /// Keeps the position and lets another process read.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; then the lease runs out and some messages are indexed once more.
    pub async fn finish(mut self) -> Result<(), Refusal> {
        if self.reader.is_reading()
            && let Ok(Some(position)) = self.reader.position().await
        {
            self.note(position).await?;
        }
        self.reader.finish().await.map_err(Refusal::from)
    }

    /// Returns how far the index is.
    pub(super) async fn state(&self) -> Result<State, StoreError> {
        let store = self.mailroom.store();
        store.write_index(self.side, search::state).await
    }

    async fn renew(&mut self) -> Result<(), Refusal> {
        self.mailroom.store().renew_index(self.side).await?;
        self.reader.begin_again();
        Ok(())
    }

    async fn advance(&mut self) -> Result<Indexed, StoreError> {
        let Some(position) = self.reader.position().await? else {
            return Ok(Indexed::default());
        };
        let state = self.state_with_total().await?;
        let skips_known = self.side == IndexSide::Serving;
        let store = self.mailroom.store();
        let look = store.read(move |tx: &mut dyn Tx| look(tx, position, state, skips_known));
        let look = match look.await {
            Err(StoreError::Damaged(reason)) => return Err(self.whose_damage(reason).await),
            look => look?,
        };
        let indexed = Indexed {
            messages: look.documents.len(),
            more: look.more,
        };
        let seen = look.seen;
        self.forgets |= !look.gone.is_empty();
        if look.leads_to_something() {
            self.reader.keep(seen, move |tx| write(tx, &look)).await?;
        } else {
            self.reader.pass(seen).await?;
            if self.forgets {
                self.forgets = self.forget_some().await?;
            }
        }
        self.note_now_and_then(seen).await?;
        Ok(indexed)
    }

    /// Says whether it is the index that a look found damaged, which is then made anew, or the mail, which would not
    /// become better by that.
    async fn whose_damage(&self, reason: String) -> StoreError {
        let store = self.mailroom.store();
        let index_is_read = store
            .read(|tx: &mut dyn Tx| search::is_indexed(tx, Key(0)))
            .await;
        match index_is_read {
            Ok(_) => StoreError::Fault(format!("the mail is damaged: {reason}")),
            Err(_) => StoreError::Damaged(reason),
        }
    }

    /// Returns how far the index is, having counted what there is to do when it is at its beginning.
    async fn state_with_total(&self) -> Result<State, StoreError> {
        let mut state = self.state().await?;
        if state.below == Some(Key(i64::MAX)) && state.total == 0 {
            let store = self.mailroom.store();
            let total = store
                .read(|tx: &mut dyn Tx| search::count_messages(tx))
                .await?;
            if total > 0 {
                let anew = state.anew;
                let begun = move |tx: &mut dyn Tx| search::begin(tx, total, anew);
                store.write_index(self.side, begun).await?;
                state.total = total;
            }
        }
        Ok(state)
    }

    /// Takes some messages of deleted accounts out of the index; tells whether there may be more.
    async fn forget_some(&self) -> Result<bool, StoreError> {
        let store = self.mailroom.store();
        let forgotten = |tx: &mut dyn Tx| search::forget_some(tx, FORGOTTEN_PER_STEP_MAX);
        store.write_index(self.side, forgotten).await
    }

    async fn note_now_and_then(&mut self, seen: Cursor) -> Result<(), StoreError> {
        let age = self.mailroom.clock().unix_us() - self.noted.0;
        if age < i64::try_from(POSITION_NOTE.as_micros()).unwrap_or(i64::MAX) {
            return Ok(());
        }
        self.note(seen).await
    }

    /// Notes beside the mail how far an index with a file of its own is, because the log is cut behind its readers.
    async fn note(&mut self, seen: Cursor) -> Result<(), StoreError> {
        let now_us = self.mailroom.clock().unix_us();
        let store = self.mailroom.store();
        if store.has_index_files() && self.side == IndexSide::Serving && seen != self.noted.1 {
            let noted = move |tx: &mut dyn Tx| changes::advance(tx, READER, seen);
            store.write(noted).await?;
        }
        self.noted = (now_us, seen);
        Ok(())
    }
}

impl Look {
    fn leads_to_something(&self) -> bool {
        let nothing = self.documents.is_empty() && self.deleted.is_empty() && self.gone.is_empty();
        !nothing || self.backlog.is_some()
    }
}

/// Writes what a look found.
fn write(tx: &mut dyn Tx, look: &Look) -> Result<(), StoreError> {
    search::forget(tx, &look.deleted)?;
    search::index(tx, &look.documents)?;
    // Behind its messages, with the first of which the index learns of an account.
    for grant in &look.gone {
        search::forget_account(tx, *grant)?;
    }
    match look.backlog {
        Some(Backlog {
            from,
            rest: Some((to, done)),
        }) => search::shorten(tx, from, to, done),
        Some(Backlog { from, rest: None }) => search::mark_complete(tx, from),
        None => Ok(()),
    }
}

/// Reads, in one snapshot, what the log tells and the messages it tells of, or messages of before the index.
///
/// Whatever is deleted behind the snapshot is told of later in the log, and then leaves the index.
fn look(
    tx: &mut dyn Tx,
    seen: Cursor,
    state: State,
    skips_known: bool,
) -> Result<Look, StoreError> {
    let batch = changes::after(tx, seen, CHANGES_PER_STEP_MAX)?;
    let mut room = Room::of(tx);
    let mut look = Look {
        seen,
        documents: Vec::new(),
        deleted: Vec::new(),
        gone: Vec::new(),
        backlog: None,
        more: batch.len() as i64 == CHANGES_PER_STEP_MAX,
    };
    for change in &batch {
        if room.is_full() {
            look.more = true;
            break;
        }
        look.seen = change.position;
        match (change.kind, change.grant) {
            (ChangeKind::MessageCreated, Some(grant)) => {
                // A search that could not wait may have had it indexed already.
                let is_known = skips_known && search::is_indexed(tx, change.object)?;
                if !is_known {
                    room.take(tx, grant, change.object)?;
                }
            }
            (ChangeKind::MessageDeleted, _) => look.deleted.push(change.object),
            (ChangeKind::GrantDeleted, _) => look.gone.push(change.object),
            _ => {}
        }
    }
    if let Some(below) = state.below {
        look.more = true;
        if batch.is_empty() {
            let skips_known = skips_known && !state.anew;
            look.backlog = Some(older(tx, below, skips_known, &mut room)?);
        }
    }
    look.documents = room.documents.into_values().collect();
    Ok(look)
}

/// Takes messages of before the index, newest first.
fn older(
    tx: &mut dyn Tx,
    below: Key,
    skips_known: bool,
    room: &mut Room,
) -> Result<Backlog, StoreError> {
    let mut rest = None;
    let mut done = 0;
    for (message, grant) in search::of_backlog(tx, below, BACKLOG_PER_STEP_MAX)? {
        if room.is_full() {
            break;
        }
        done += 1;
        rest = Some((message, done));
        if !(skips_known && search::is_indexed(tx, message)?) {
            room.take(tx, grant, message)?;
        }
    }
    Ok(Backlog { from: below, rest })
}

/// The documents of one step, in the order of their keys, in which the index wants them.
pub(super) struct Room {
    pub(super) documents: BTreeMap<Key, Document>,
    bytes: usize,
    bytes_max: usize,
}

impl Room {
    pub(super) fn of(tx: &mut dyn Tx) -> Self {
        Self {
            documents: BTreeMap::new(),
            bytes: 0,
            bytes_max: if tx.dialect().is_embedded() {
                STEP_BYTES_MAX
            } else {
                SHARED_STEP_BYTES_MAX
            },
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.bytes_max
    }

    /// Reads a message, if it is still there.
    pub(super) fn take(
        &mut self,
        tx: &mut dyn Tx,
        grant: Key,
        message: Key,
    ) -> Result<(), StoreError> {
        messages::show(tx, grant, &[message], &mut |shown| {
            // What cannot be read is not found; the reader goes on, or nothing behind it would be.
            match document::fields(&shown) {
                Ok(fields) => {
                    self.bytes += fields.bytes();
                    let document = Document {
                        message,
                        grant,
                        fields,
                    };
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
