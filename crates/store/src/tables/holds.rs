//! Messages that somebody has to approve: decided once, and closed in the transaction that sends them.

use posthouse_types::ids::Key;

use super::blobs::{self, BlobPlace};
use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

/// What has become of a hold. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum HoldState {
    /// Nobody has decided yet.
    Pending = 0,
    /// Its message was sent.
    Approved = 1,
    /// Its message is not sent.
    Rejected = 2,
    /// Nobody decided in time.
    Expired = 3,
}

impl HoldState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Expired];

    fn from_stored(number: i64) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|one| *one as i64 == number);
        found.ok_or_else(|| StoreError::Fault(format!("unknown state of a hold {number}")))
    }
}

/// A hold as it is written, and as it is read while it is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
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
    /// What is to be sent; `None` once it was.
    pub blob: Option<Key>,
    /// What is to be sent was handed over written down.
    pub is_source: bool,
    /// The draft that it was, and the draft's state.
    pub draft: Option<(Key, i64)>,
    /// The schedule whose time had come.
    pub schedule: Option<Key>,
    /// What asked for approval, as JSON.
    pub why: String,
    /// The message object without its body.
    pub shown: String,
    /// What has become of it.
    pub state: HoldState,
    /// What who decided had to say.
    pub note: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
    /// Unix seconds.
    pub decided_at: Option<i64>,
}

const COLUMNS: &str = "h.id, h.application_id, h.grant_id, h.message_id, h.thread_id, h.blob_id, h.is_source, h.draft_id,
    h.draft_modseq, h.schedule_id, h.why, h.shown, h.state, h.note, h.created_at, h.expires_at, h.decided_at";

fn read(row: &dyn Row) -> Result<Hold, StoreError> {
    Ok(Hold {
        id: row.key(0)?,
        application: row.key(1)?,
        grant: row.key(2)?,
        message: row.key(3)?,
        thread: row.key(4)?,
        blob: row.opt_key(5)?,
        is_source: row.int(6)? != 0,
        draft: row.opt_key(7)?.zip(row.opt_int(8)?),
        schedule: row.opt_key(9)?,
        why: row.string(10)?,
        shown: row.string(11)?,
        state: HoldState::from_stored(row.int(12)?)?,
        note: row.opt_string(13)?,
        created_at: row.int(14)?,
        expires_at: row.int(15)?,
        decided_at: row.opt_int(16)?,
    })
}

/// Adds a hold that nobody has decided on.
pub fn insert(tx: &mut dyn Tx, new: &Hold) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO holds (id, application_id, grant_id, message_id, thread_id, blob_id, is_source, draft_id,
           draft_modseq, schedule_id, why, shown, state, note, created_at, expires_at, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, NULL, $13, $14, NULL)",
        &[
            new.id.into(),
            new.application.into(),
            new.grant.into(),
            new.message.into(),
            new.thread.into(),
            new.blob.into(),
            Param::Int(i64::from(new.is_source)),
            new.draft.map(|(draft, _)| draft).into(),
            new.draft.map(|(_, modseq)| modseq).into(),
            new.schedule.into(),
            (&new.why).into(),
            (&new.shown).into(),
            new.created_at.into(),
            new.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns a hold of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<Hold>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM holds h WHERE h.id = $1 AND h.application_id = $2");
    tx.query_opt(&sql, &[id.into(), application.into()], read)
}

/// Returns the hold in which a draft waits, or a schedule.
pub fn pending_of(
    tx: &mut dyn Tx,
    draft: Option<Key>,
    schedule: Option<Key>,
) -> Result<Option<Key>, StoreError> {
    if draft.is_none() && schedule.is_none() {
        return Ok(None);
    }
    tx.query_opt(
        "SELECT id FROM holds WHERE draft_id = $1 AND state = 0
         UNION ALL SELECT id FROM holds WHERE schedule_id = $2 AND state = 0",
        &[draft.into(), schedule.into()],
        |row| row.key(0),
    )
}

/// Counts the holds of an account that nobody has decided on.
pub fn count_pending(tx: &mut dyn Tx, grant: Key) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT COUNT(*) FROM holds WHERE grant_id = $1 AND state = 0",
        &[grant.into()],
        |row| row.int(0),
    )
}

/// Which holds a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct HoldFilter {
    /// Of this account.
    pub grant: Option<Key>,
    /// Of accounts of this workspace.
    pub workspace: Option<Key>,
    /// In this state.
    pub state: Option<HoldState>,
    /// Older than this hold.
    pub behind: Option<Key>,
    /// As many at most.
    pub limit: i64,
}

/// Returns holds of an application, newest first.
pub fn list(
    tx: &mut dyn Tx,
    application: Key,
    filter: &HoldFilter,
) -> Result<Vec<Hold>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM holds h WHERE h.application_id = $1");
    let mut params: Vec<Param<'_>> = vec![application.into()];
    let mut want = |sql: &mut String, text: &str, value: Option<Param<'static>>| {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&text.replace("$n", &format!("${}", params.len())));
        }
    };
    let key = |key: Option<Key>| key.map(|key| Param::Int(key.0));
    want(&mut sql, " AND h.grant_id = $n", key(filter.grant));
    let of_workspace =
        " AND EXISTS (SELECT 1 FROM grants g WHERE g.id = h.grant_id AND g.workspace_id = $n)";
    want(&mut sql, of_workspace, key(filter.workspace));
    let state = filter.state.map(|state| Param::Int(state as i64));
    want(&mut sql, " AND h.state = $n", state);
    want(&mut sql, " AND h.id < $n", key(filter.behind));
    let limit = Some(Param::Int(filter.limit));
    want(&mut sql, " ORDER BY h.id DESC LIMIT $n", limit);
    tx.query(&sql, &params, read)
}

/// Returns where what a hold is to send is.
pub fn payload(tx: &mut dyn Tx, id: Key) -> Result<Option<BlobPlace>, StoreError> {
    tx.query_opt(
        "SELECT b.location, b.application_id, b.id, b.data, b.text_at, b.text_frame
         FROM holds h JOIN blobs b ON b.id = h.blob_id WHERE h.id = $1",
        &[id.into()],
        |row| blobs::read_place(row, 0),
    )
}

/// Decides on a hold, in the transaction of what follows; tells whether nobody had. What was approved needs its blob no
/// longer; what was not is shown whole for a while.
pub fn decide(
    tx: &mut dyn Tx,
    id: Key,
    state: HoldState,
    note: Option<&str>,
    now: i64,
) -> Result<bool, StoreError> {
    let sql = match state {
        HoldState::Approved => {
            "UPDATE holds SET state = $2, note = $3, decided_at = $4, blob_id = NULL WHERE id = $1 AND state = 0"
        }
        _ => "UPDATE holds SET state = $2, note = $3, decided_at = $4 WHERE id = $1 AND state = 0",
    };
    let params = [id.into(), Param::Int(state as i64), note.into(), now.into()];
    Ok(tx.execute(sql, &params)? > 0)
}

/// Returns application, account and key of holds that nobody decided on in time, the longest due first.
pub fn overdue(tx: &mut dyn Tx, now: i64, limit: i64) -> Result<Vec<Hold>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM holds h WHERE h.state = 0 AND h.expires_at <= $1 ORDER BY h.expires_at LIMIT $2"
    );
    tx.query(&sql, &[now.into(), limit.into()], read)
}

/// Removes records of holds that were decided on before a Unix second, up to `limit` of them; returns how many, and the
/// blobs that they needed.
pub fn expire(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<(u64, Vec<Key>), StoreError> {
    let removed = tx.query(
        "DELETE FROM holds WHERE id IN
           (SELECT id FROM holds WHERE decided_at < $1 ORDER BY decided_at LIMIT $2)
         RETURNING blob_id",
        &[before.into(), limit.into()],
        |row| row.opt_key(0),
    )?;
    Ok((
        removed.len() as u64,
        removed.into_iter().flatten().collect(),
    ))
}

/// Removes up to `limit` holds of an account that is gone; returns the blobs that they needed, or `None` when there were
/// no holds.
pub(in crate::tables) fn remove_some(
    tx: &mut dyn Tx,
    grant: Key,
    limit: i64,
) -> Result<Option<Vec<Key>>, StoreError> {
    let removed = tx.query(
        "DELETE FROM holds WHERE id IN (SELECT id FROM holds WHERE grant_id = $1 ORDER BY id LIMIT $2)
         RETURNING blob_id",
        &[grant.into(), limit.into()],
        |row| row.opt_key(0),
    )?;
    let any = !removed.is_empty();
    Ok(any.then(|| removed.into_iter().flatten().collect()))
}

/// Tells whether nobody has decided on a hold.
pub fn is_pending(tx: &mut dyn Tx, id: Key) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT id FROM holds WHERE id = $1 AND state = 0",
        &[id.into()],
        |row| row.key(0),
    )?;
    Ok(found.is_some())
}
