//! Answers kept for requests that are repeated with the same key.

use posthouse_types::ids::Key;

use crate::sql::Tx;
use crate::{Param, StoreError};

/// SHA-256 over what makes two requests the same.
pub type Fingerprint = [u8; 32];

/// The status of a request whose work is on stable storage and whose answer is not kept yet.
pub const COMMITTED: i64 = -1;

/// Whose key it is: keys of different owners never meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The application.
    pub application: Key,
    /// The account, for routes that have one.
    pub grant: Option<Key>,
    /// The text the client chose.
    pub key: String,
}

impl Slot {
    fn params(&self) -> [Param<'_>; 3] {
        let grant = self.grant.unwrap_or(Key(0));
        [self.application.into(), grant.into(), (&self.key).into()]
    }
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Of the first request.
    pub fingerprint: Fingerprint,
    /// Of its answer; 0 while it is running, [`COMMITTED`] between its commit and its answer.
    pub status: i64,
    /// Of its answer; of a committed request, what it made.
    pub body: String,
}

/// How a request with a key begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    /// It is the first one and now noted as running.
    First,
    /// The key is taken.
    Taken(Kept),
}

/// From when on what a slot holds no longer counts, in Unix seconds.
#[derive(Debug, Clone, Copy)]
pub struct Horizon {
    /// Of requests that were answered.
    pub answered: i64,
    /// Of requests that began and were never answered: their process died.
    pub begun: i64,
}

/// Times that a slot may vanish between two statements before the store is called busy.
const ATTEMPTS_MAX: usize = 3;

/// Notes that a request with a key runs, unless one does or did within the horizon.
pub fn begin(
    tx: &mut dyn Tx,
    slot: &Slot,
    fingerprint: &Fingerprint,
    now: i64,
    horizon: Horizon,
) -> Result<Beginning, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        if take(tx, slot, fingerprint, now, horizon)? {
            return Ok(Beginning::First);
        }
        if let Some(kept) = find(tx, slot)? {
            return Ok(Beginning::Taken(kept));
        }
    }
    Err(StoreError::Unavailable(
        "an idempotency key is fought over".to_owned(),
    ))
}

fn take(
    tx: &mut dyn Tx,
    slot: &Slot,
    fingerprint: &Fingerprint,
    now: i64,
    horizon: Horizon,
) -> Result<bool, StoreError> {
    let [application, grant, key] = slot.params();
    let taken = tx.execute(
        "INSERT INTO idempotency (application_id, grant_id, idempotency_key, fingerprint, status, body, created_at)
         VALUES ($1, $2, $3, $4, 0, '', $5)
         ON CONFLICT (application_id, grant_id, idempotency_key) DO UPDATE SET
           fingerprint = excluded.fingerprint, status = 0, body = '', created_at = excluded.created_at
         WHERE idempotency.created_at < $6 OR (idempotency.status = 0 AND idempotency.created_at < $7)",
        &[
            application,
            grant,
            key,
            Param::Bytes(fingerprint),
            now.into(),
            horizon.answered.into(),
            horizon.begun.into(),
        ],
    )?;
    Ok(taken > 0)
}

fn find(tx: &mut dyn Tx, slot: &Slot) -> Result<Option<Kept>, StoreError> {
    tx.query_opt(
        "SELECT fingerprint, status, body FROM idempotency
         WHERE application_id = $1 AND grant_id = $2 AND idempotency_key = $3",
        &slot.params(),
        |row| {
            let fingerprint = Fingerprint::try_from(row.bytes(0)?)
                .map_err(|_| StoreError::Fault("a fingerprint has the wrong length".to_owned()))?;
            Ok(Kept {
                fingerprint,
                status: row.int(1)?,
                body: row.string(2)?,
            })
        },
    )
}

/// Notes, in the transaction of its work, what a request made that [`begin`] noted at `begun`: from then on the key is
/// never free again. False when somebody else has the key by now; then the work must not be committed.
pub fn commit(
    tx: &mut dyn Tx,
    slot: &Slot,
    fingerprint: &Fingerprint,
    begun: i64,
    made: &str,
) -> Result<bool, StoreError> {
    let [application, grant, key] = slot.params();
    let noted = tx.execute(
        "UPDATE idempotency SET status = $5, body = $6
         WHERE application_id = $1 AND grant_id = $2 AND idempotency_key = $3 AND fingerprint = $4 AND status = 0
           AND created_at = $7",
        &[
            application,
            grant,
            key,
            Param::Bytes(fingerprint),
            COMMITTED.into(),
            made.into(),
            begun.into(),
        ],
    )?;
    Ok(noted > 0)
}

/// Keeps the answer of the request that [`begin`] noted.
pub fn finish(
    tx: &mut dyn Tx,
    slot: &Slot,
    fingerprint: &Fingerprint,
    status: i64,
    body: &str,
) -> Result<(), StoreError> {
    let [application, grant, key] = slot.params();
    tx.execute(
        "UPDATE idempotency SET status = $5, body = $6
         WHERE application_id = $1 AND grant_id = $2 AND idempotency_key = $3 AND fingerprint = $4 AND status <= 0",
        &[
            application,
            grant,
            key,
            Param::Bytes(fingerprint),
            status.into(),
            body.into(),
        ],
    )?;
    Ok(())
}

/// Frees the slot of a request that came to nothing.
pub fn release(tx: &mut dyn Tx, slot: &Slot, fingerprint: &Fingerprint) -> Result<(), StoreError> {
    let [application, grant, key] = slot.params();
    tx.execute(
        "DELETE FROM idempotency
         WHERE application_id = $1 AND grant_id = $2 AND idempotency_key = $3 AND fingerprint = $4 AND status = 0",
        &[application, grant, key, Param::Bytes(fingerprint)],
    )?;
    Ok(())
}

/// Removes what is older than `before`; at most `limit` rows. Returns how many.
pub fn prune(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM idempotency WHERE (application_id, grant_id, idempotency_key) IN
           (SELECT application_id, grant_id, idempotency_key FROM idempotency WHERE created_at < $1
            ORDER BY created_at LIMIT $2)",
        &[before.into(), limit.into()],
    )
}
