//! Reading the change log so that nothing is missed and nothing is done twice: one reader of a name at a time, of all
//! processes, and a cursor that is durable together with what the changes up to it have led to.
//!
//! While they lead to nothing the cursor moves in memory only and is kept now and then, so that changes nobody wants to
//! hear of cost no commit.

use std::time::Duration;

use posthouse_store::changes::{self, Cursor};
use posthouse_store::leases::{self, Lease};
use posthouse_store::{IndexSide, Store, StoreError, Tx};
use uuid::Uuid;

/// How long one process reads for all, unless it renews this: for as long nobody reads after its death.
const LEASE: Duration = Duration::from_secs(5);

/// Age at which the lease is renewed, when nothing else that was kept has done so.
const RENEWAL: Duration = Duration::from_millis(1_500);

/// How old the durable cursor may get while nothing but the cursor has to be written.
const CURSOR_AGE: Duration = Duration::from_secs(5);

/// One reader of the change log.
#[derive(Debug)]
pub(crate) struct LogReader {
    store: Store,
    name: &'static str,
    place: Place,
    holder: String,
    hold: Option<Hold>,
}

/// Where a reader's cursor is kept: with what it makes of the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Among the mail.
    Mail,
    /// In a search index.
    Index(IndexSide),
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

impl LogReader {
    /// Makes a reader; it has read nothing and holds nothing yet. The name is that of its cursor and of its lease.
    pub(crate) fn new(store: Store, name: &'static str, place: Place) -> Self {
        Self {
            store,
            name,
            place,
            holder: Uuid::new_v4().to_string(),
            hold: None,
        }
    }

    /// Returns behind which change to go on, taking the right to read when it is free; `None` while another process reads.
    pub(crate) async fn position(&mut self) -> Result<Option<Cursor>, StoreError> {
        if self.hold.is_none() {
            let (name, holder, now_us) = (self.name, self.holder.clone(), self.now_us());
            let taken = self.write(move |tx| take(tx, name, &holder, now_us));
            self.hold = taken.await?;
        }
        Ok(self.hold.as_ref().map(|hold| hold.seen))
    }

    /// Tells whether this process reads.
    pub(crate) fn is_reading(&self) -> bool {
        self.hold.is_some()
    }

    /// Writes what the changes up to a position lead to, and the position, in one transaction. Returns `None`, and leaves
    /// no trace, when another process reads by now.
    pub(crate) async fn keep<T, F>(
        &mut self,
        seen: Cursor,
        effect: F,
    ) -> Result<Option<T>, StoreError>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let Some(hold) = self.hold.clone() else {
            return Ok(None);
        };
        let (name, now_us) = (self.name, self.now_us());
        let kept = self.write(move |tx| {
            if !still_held(tx, name, &hold, now_us)? {
                return Ok(None);
            }
            if seen != hold.kept {
                changes::advance(tx, name, seen)?;
            }
            effect(tx).map(Some)
        });
        let kept = kept.await?;
        match (&mut self.hold, &kept) {
            (Some(hold), Some(_)) => {
                hold.seen = seen;
                hold.kept = seen;
                hold.kept_us = now_us;
                hold.renewed_us = now_us;
            }
            _ => {
                tracing::warn!("another process reads the change log for {} now", self.name);
                self.hold = None;
            }
        }
        Ok(kept)
    }

    /// Moves on past changes that lead to nothing.
    pub(crate) async fn pass(&mut self, seen: Cursor) -> Result<(), StoreError> {
        let now_us = self.now_us();
        let Some(hold) = &mut self.hold else {
            return Ok(());
        };
        hold.seen = seen;
        let moved = hold.seen != hold.kept && is_older(hold.kept_us, now_us, CURSOR_AGE);
        let aging = hold.lease.is_some() && is_older(hold.renewed_us, now_us, RENEWAL);
        if moved || aging {
            self.keep(seen, |_| Ok(())).await?;
        }
        Ok(())
    }

    /// Keeps the position and lets another process read. When the store is not available the lease runs out, and some
    /// changes are read once more.
    pub(crate) async fn finish(mut self) -> Result<(), StoreError> {
        let Some(hold) = self.hold.take() else {
            return Ok(());
        };
        let (name, now_us) = (self.name, self.now_us());
        self.write(move |tx| {
            if !still_held(tx, name, &hold, now_us)? {
                return Ok(());
            }
            changes::advance(tx, name, hold.seen)?;
            match &hold.lease {
                Some(lease) => leases::release(tx, lease),
                None => Ok(()),
            }
        })
        .await
    }

    /// Forgets where it is, which is then read again.
    pub(crate) fn begin_again(&mut self) {
        self.hold = None;
    }

    fn now_us(&self) -> i64 {
        self.store.clock().unix_us()
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        match self.place {
            Place::Mail => self.store.write(work).await,
            Place::Index(side) => self.store.write_index(side, work).await,
        }
    }
}

fn is_older(than_us: i64, now_us: i64, age: Duration) -> bool {
    now_us - than_us >= micros(age)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn take(
    tx: &mut dyn Tx,
    name: &str,
    holder: &str,
    now_us: i64,
) -> Result<Option<Hold>, StoreError> {
    let mut lease = None;
    if !tx.dialect().is_embedded() {
        lease = leases::acquire(tx, name, holder, now_us, now_us + micros(LEASE))?;
        if lease.is_none() {
            return Ok(None);
        }
    }
    let cursor = changes::cursor(tx, name)?;
    Ok(Some(Hold {
        lease,
        renewed_us: now_us,
        seen: cursor,
        kept: cursor,
        kept_us: now_us,
    }))
}

/// Tells whether the lease is still ours, and renews it.
///
/// Renewing writes the lease's row, so a process that takes the lease meanwhile waits for this transaction, and this one
/// for it: what comes behind this in the transaction cannot be done twice.
fn still_held(tx: &mut dyn Tx, name: &str, hold: &Hold, now_us: i64) -> Result<bool, StoreError> {
    let Some(lease) = &hold.lease else {
        return Ok(true);
    };
    let until_us = now_us + micros(LEASE);
    let renewed = leases::acquire(tx, name, &lease.holder, now_us, until_us)?;
    Ok(renewed.is_some_and(|renewed| renewed.token == lease.token))
}
