//! Messages that are to be sent later: claimed when they are due, and closed in the transaction that sends them.

use posthouse_types::ids::Key;

use super::blobs::{self, BlobPlace};
use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

/// What has become of a schedule. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum ScheduleState {
    /// It waits for its time.
    Pending = 0,
    /// Its message was sent.
    Success = 1,
    /// Its message could not be sent.
    Failed = 2,
    /// Somebody called it off.
    Cancelled = 3,
}

impl ScheduleState {
    fn from_stored(number: i64) -> Result<Self, StoreError> {
        match number {
            0 => Ok(Self::Pending),
            1 => Ok(Self::Success),
            2 => Ok(Self::Failed),
            3 => Ok(Self::Cancelled),
            _ => Err(StoreError::Fault(format!(
                "unknown state of a schedule {number}"
            ))),
        }
    }
}

/// A schedule as taking it writes it.
#[derive(Debug, Clone)]
pub struct NewSchedule<'a> {
    /// Its key.
    pub id: Key,
    /// The application that owns the account.
    pub application: Key,
    /// The account that sends.
    pub grant: Key,
    /// Reserved for the copy in Sent.
    pub message: Key,
    /// The thread that the copy joins.
    pub thread: Key,
    /// What is to be sent.
    pub blob: Key,
    /// Unix seconds.
    pub send_at: i64,
    /// As listings show it.
    pub subject: &'a str,
    /// The message object without its body.
    pub shown: &'a str,
    /// Unix seconds.
    pub now: i64,
}

/// A schedule as listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its key.
    pub id: Key,
    /// Reserved for the copy in Sent.
    pub message: Key,
    /// Unix seconds.
    pub send_at: i64,
    /// Of the message.
    pub subject: String,
    /// What has become of it.
    pub state: ScheduleState,
    /// Why it failed.
    pub reason: Option<String>,
    /// Unix seconds; `None` while it is pending.
    pub closed_at: Option<i64>,
}

/// What an event tells of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The copy in Sent, which may be gone.
    pub message: Key,
    /// Unix seconds.
    pub send_at: i64,
    /// The message object without its body, as it was when the schedule was taken.
    pub object: String,
}

/// A schedule whose time has come and that somebody has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSchedule {
    /// Its key.
    pub id: Key,
    /// Proves that the claim is the newest.
    pub token: i64,
    /// The application that owns the account.
    pub application: Key,
    /// The account that sends.
    pub grant: Key,
    /// Reserved for the copy in Sent.
    pub message: Key,
    /// The thread that the copy joins.
    pub thread: Key,
    /// What is to be sent.
    pub blob: Key,
    /// Unix seconds.
    pub send_at: i64,
    /// Attempts, this one included.
    pub attempts: i64,
}

/// Adds a schedule.
pub fn insert(tx: &mut dyn Tx, new: &NewSchedule<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO schedules (id, application_id, grant_id, message_id, thread_id, blob_id, send_at, subject, shown,
           state, reason, due_us, attempts, claim_token, created_at, closed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, NULL, $10, 0, 0, $11, NULL)",
        &[
            new.id.into(),
            new.application.into(),
            new.grant.into(),
            new.message.into(),
            new.thread.into(),
            new.blob.into(),
            new.send_at.into(),
            new.subject.into(),
            new.shown.into(),
            Param::Int(new.send_at.saturating_mul(1_000_000)),
            new.now.into(),
        ],
    )?;
    Ok(())
}

/// Counts the schedules of an account that wait for their time.
pub fn count_pending(tx: &mut dyn Tx, grant: Key) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT COUNT(*) FROM schedules WHERE grant_id = $1 AND state = 0",
        &[grant.into()],
        |row| row.int(0),
    )
}

const COLUMNS: &str = "id, message_id, send_at, subject, state, reason, closed_at";

fn read(row: &dyn Row) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        id: row.key(0)?,
        message: row.key(1)?,
        send_at: row.int(2)?,
        subject: row.string(3)?,
        state: ScheduleState::from_stored(row.int(4)?)?,
        reason: row.opt_string(5)?,
        closed_at: row.opt_int(6)?,
    })
}

/// Returns the newest schedules of an account, newest first.
pub fn of_grant(tx: &mut dyn Tx, grant: Key, limit: i64) -> Result<Vec<Schedule>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM schedules WHERE grant_id = $1 ORDER BY id DESC LIMIT $2");
    tx.query(&sql, &[grant.into(), limit.into()], read)
}

/// Returns a schedule of an account.
pub fn find(tx: &mut dyn Tx, grant: Key, id: Key) -> Result<Option<Schedule>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM schedules WHERE id = $1 AND grant_id = $2");
    tx.query_opt(&sql, &[id.into(), grant.into()], read)
}

/// Returns what an event tells of a schedule.
pub fn shown(tx: &mut dyn Tx, grant: Key, id: Key) -> Result<Option<Shown>, StoreError> {
    tx.query_opt(
        "SELECT message_id, send_at, shown FROM schedules WHERE id = $1 AND grant_id = $2",
        &[id.into(), grant.into()],
        |row| {
            Ok(Shown {
                message: row.key(0)?,
                send_at: row.int(1)?,
                object: row.string(2)?,
            })
        },
    )
}

/// Returns when the next pending schedule may be claimed, in Unix microseconds.
pub fn next_due(tx: &mut dyn Tx) -> Result<Option<i64>, StoreError> {
    tx.query_opt(
        "SELECT due_us FROM schedules WHERE state = 0 ORDER BY due_us LIMIT 1",
        &[],
        |row| row.int(0),
    )
}

/// Claims up to `limit` due schedules until `until_us`, the longest due first.
pub fn claim(
    tx: &mut dyn Tx,
    now_us: i64,
    until_us: i64,
    limit: i64,
) -> Result<Vec<DueSchedule>, StoreError> {
    // Materialised, because PostgreSQL may otherwise run the inner query more than once and pass the limit.
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM schedules
           WHERE state = 0 AND due_us <= $1 ORDER BY due_us, id LIMIT $3 {})
         UPDATE schedules SET due_us = $2, attempts = attempts + 1, claim_token = claim_token + 1
         WHERE id IN (SELECT id FROM due)
         RETURNING id, claim_token, application_id, grant_id, message_id, thread_id, blob_id, send_at, attempts",
        tx.dialect().skip_locked()
    );
    let params = [now_us.into(), until_us.into(), limit.into()];
    let mut due = tx.query(&sql, &params, |row| {
        Ok(DueSchedule {
            id: row.key(0)?,
            token: row.int(1)?,
            application: row.key(2)?,
            grant: row.key(3)?,
            message: row.key(4)?,
            thread: row.key(5)?,
            blob: row.key(6)?,
            send_at: row.int(7)?,
            attempts: row.int(8)?,
        })
    })?;
    due.sort_unstable_by_key(|schedule| (schedule.send_at, schedule.id));
    Ok(due)
}

/// Returns where what a pending schedule is to send is.
pub fn payload(tx: &mut dyn Tx, id: Key) -> Result<Option<BlobPlace>, StoreError> {
    tx.query_opt(
        "SELECT b.location, b.application_id, b.id, b.data, b.text_at, b.text_frame
         FROM schedules s JOIN blobs b ON b.id = s.blob_id WHERE s.id = $1",
        &[id.into()],
        |row| blobs::read_place(row, 0),
    )
}

/// Closes a claimed schedule in the transaction of its outcome; tells whether the claim was still the newest.
pub fn close(
    tx: &mut dyn Tx,
    id: Key,
    token: i64,
    state: ScheduleState,
    reason: Option<&str>,
    now: i64,
) -> Result<bool, StoreError> {
    let closed = tx.execute(
        "UPDATE schedules SET state = $3, reason = $4, closed_at = $5, blob_id = NULL
         WHERE id = $1 AND claim_token = $2 AND state = 0",
        &[
            id.into(),
            token.into(),
            Param::Int(state as i64),
            reason.into(),
            now.into(),
        ],
    )?;
    Ok(closed > 0)
}

/// Closes a pending schedule whose message waits for approval, in the transaction of what was decided; tells whether it
/// was pending.
pub fn close_held(
    tx: &mut dyn Tx,
    id: Key,
    state: ScheduleState,
    reason: Option<&str>,
    now: i64,
) -> Result<bool, StoreError> {
    let closed = tx.execute(
        "UPDATE schedules SET state = $2, reason = $3, closed_at = $4, blob_id = NULL WHERE id = $1 AND state = 0",
        &[
            id.into(),
            Param::Int(state as i64),
            reason.into(),
            now.into(),
        ],
    )?;
    Ok(closed > 0)
}

/// Ends a claim without an outcome: the schedule may be claimed again from `due_us` on.
pub fn put_back(tx: &mut dyn Tx, id: Key, token: i64, due_us: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE schedules SET due_us = $3 WHERE id = $1 AND claim_token = $2 AND state = 0",
        &[id.into(), token.into(), due_us.into()],
    )?;
    Ok(())
}

/// Ends a claim as if it had not been made: what stopped it is not the message's fault.
pub fn postpone(tx: &mut dyn Tx, id: Key, token: i64, due_us: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE schedules SET due_us = $3, attempts = attempts - 1
         WHERE id = $1 AND claim_token = $2 AND state = 0",
        &[id.into(), token.into(), due_us.into()],
    )?;
    Ok(())
}

/// Makes what an account wanted to send by now due at its time again.
pub fn wake(tx: &mut dyn Tx, grant: Key) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE schedules SET due_us = send_at * 1000000
         WHERE grant_id = $1 AND state = 0 AND due_us > send_at * 1000000",
        &[grant.into()],
    )?;
    Ok(())
}

/// Calls off a pending schedule whose time is `earliest` or later; returns the blob that it no longer needs, or `None`
/// when there is no such schedule.
pub fn cancel(
    tx: &mut dyn Tx,
    grant: Key,
    id: Key,
    earliest: i64,
    now: i64,
) -> Result<Option<Key>, StoreError> {
    let sql = format!(
        "SELECT blob_id FROM schedules WHERE id = $1 AND grant_id = $2 AND state = 0 AND send_at >= $3 {}",
        tx.dialect().lock_rows()
    );
    let params = [id.into(), grant.into(), earliest.into()];
    let Some(blob) = tx.query_opt(&sql, &params, |row| row.key(0))? else {
        return Ok(None);
    };
    tx.execute(
        "UPDATE schedules SET state = 3, closed_at = $2, blob_id = NULL WHERE id = $1",
        &[id.into(), now.into()],
    )?;
    Ok(Some(blob))
}

/// Ends all claims, for a process that knows that it is the only one: their holder is dead.
pub fn release_all(tx: &mut dyn Tx) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE schedules SET due_us = send_at * 1000000 WHERE state = 0 AND due_us > send_at * 1000000",
        &[],
    )
}

/// Removes records of schedules that were closed before a Unix second, up to `limit` of them; returns how many.
pub fn expire(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM schedules WHERE id IN
           (SELECT id FROM schedules WHERE closed_at < $1 ORDER BY closed_at LIMIT $2)",
        &[before.into(), limit.into()],
    )
}

/// Removes up to `limit` schedules of an account that is gone; returns the blobs that they needed, or `None` when there
/// were no schedules.
pub(in crate::tables) fn remove_some(
    tx: &mut dyn Tx,
    grant: Key,
    limit: i64,
) -> Result<Option<Vec<Key>>, StoreError> {
    let removed = tx.query(
        "DELETE FROM schedules WHERE id IN (SELECT id FROM schedules WHERE grant_id = $1 ORDER BY id LIMIT $2)
         RETURNING blob_id",
        &[grant.into(), limit.into()],
        |row| row.opt_key(0),
    )?;
    let any = !removed.is_empty();
    Ok(any.then(|| removed.into_iter().flatten().collect()))
}
