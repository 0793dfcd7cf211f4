//! The change log: what happened, in order, for every reader that must not miss a thing.
//!
//! A mutation appends its changes in its own transaction. Webhooks, streams and indexes read the log by a durable
//! [`Cursor`]; wake-ups are hints only.

use posthouse_types::ids::Key;

use crate::engine::Dialect;
use crate::sql::Tx;
use crate::{Param, StoreError};

/// What happened to an object. The numbers are stored: they are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i64)]
#[expect(
    missing_docs,
    reason = "each variant is the name of the event it may become"
)]
pub enum ChangeKind {
    GrantCreated = 1,
    GrantUpdated = 2,
    GrantDeleted = 3,
    GrantSuspended = 4,
    GrantResumed = 5,
    MessageCreated = 10,
    MessageUpdated = 11,
    MessageDeleted = 12,
    MessageSendSuccess = 13,
    MessageSendFailed = 14,
    MessageDelivered = 15,
    MessageBounced = 16,
    MessageComplaint = 17,
    MessageRejected = 18,
    MessageHeld = 19,
    FolderCreated = 20,
    FolderUpdated = 21,
    FolderDeleted = 22,
    DraftCreated = 30,
    DraftUpdated = 31,
    DraftDeleted = 32,
    ContactUpdated = 50,
    ContactDeleted = 51,
    ThreadReplied = 60,
    ThreadPaused = 61,
    DomainVerified = 80,
    DomainUnverified = 81,
    TransactionalDelivered = 70,
    TransactionalBounced = 71,
    TransactionalComplaint = 72,
    TransactionalRejected = 73,
}

impl ChangeKind {
    const ALL: &'static [Self] = &[
        Self::GrantCreated,
        Self::GrantUpdated,
        Self::GrantDeleted,
        Self::GrantSuspended,
        Self::GrantResumed,
        Self::MessageCreated,
        Self::MessageUpdated,
        Self::MessageDeleted,
        Self::MessageSendSuccess,
        Self::MessageSendFailed,
        Self::MessageDelivered,
        Self::MessageBounced,
        Self::MessageComplaint,
        Self::MessageRejected,
        Self::MessageHeld,
        Self::FolderCreated,
        Self::FolderUpdated,
        Self::FolderDeleted,
        Self::DraftCreated,
        Self::DraftUpdated,
        Self::DraftDeleted,
        Self::ContactUpdated,
        Self::ContactDeleted,
        Self::ThreadReplied,
        Self::ThreadPaused,
        Self::DomainVerified,
        Self::DomainUnverified,
        Self::TransactionalDelivered,
        Self::TransactionalBounced,
        Self::TransactionalComplaint,
        Self::TransactionalRejected,
    ];

    /// Returns the name of the event, as the API spells trigger types.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::GrantCreated => "grant.created",
            Self::GrantUpdated => "grant.updated",
            Self::GrantDeleted => "grant.deleted",
            Self::GrantSuspended => "grant.suspended",
            Self::GrantResumed => "grant.resumed",
            Self::MessageCreated => "message.created",
            Self::MessageUpdated => "message.updated",
            Self::MessageDeleted => "message.deleted",
            Self::MessageSendSuccess => "message.send_success",
            Self::MessageSendFailed => "message.send_failed",
            Self::MessageDelivered => "message.delivered",
            Self::MessageBounced => "message.bounced",
            Self::MessageComplaint => "message.complaint",
            Self::MessageRejected => "message.rejected",
            Self::MessageHeld => "message.held",
            Self::FolderCreated => "folder.created",
            Self::FolderUpdated => "folder.updated",
            Self::FolderDeleted => "folder.deleted",
            Self::DraftCreated => "draft.created",
            Self::DraftUpdated => "draft.updated",
            Self::DraftDeleted => "draft.deleted",
            Self::ContactUpdated => "contact.updated",
            Self::ContactDeleted => "contact.deleted",
            Self::ThreadReplied => "thread.replied",
            Self::ThreadPaused => "thread.paused",
            Self::DomainVerified => "domain.verified",
            Self::DomainUnverified => "domain.unverified",
            Self::TransactionalDelivered => "message.transactional.delivered",
            Self::TransactionalBounced => "message.transactional.bounced",
            Self::TransactionalComplaint => "message.transactional.complaint",
            Self::TransactionalRejected => "message.transactional.rejected",
        }
    }

    fn from_stored(number: i64) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| *kind as i64 == number)
    }
}

/// One change as a mutation writes it.
#[derive(Debug, Clone, Copy)]
pub struct NewChange<'a> {
    /// The application that owns the object.
    pub application: Key,
    /// The account the object belongs to, if it belongs to one.
    pub grant: Option<Key>,
    /// What happened.
    pub kind: ChangeKind,
    /// The object it happened to.
    pub object: Key,
    /// Microseconds since the Unix epoch.
    pub at_us: i64,
    /// A small JSON object with what a reader needs and can no longer look up, such as a deleted account's address.
    pub data: Option<&'a str>,
}

/// One change as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where the log stands after this change.
    pub position: Cursor,
    /// The application that owns the object.
    pub application: Key,
    /// The account the object belongs to, if it belongs to one.
    pub grant: Option<Key>,
    /// What happened.
    pub kind: ChangeKind,
    /// The object it happened to.
    pub object: Key,
    /// Microseconds since the Unix epoch.
    pub at_us: i64,
    /// What the mutation noted down.
    pub data: Option<String>,
}

/// A position in the change log: everything up to it has been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    /// Number of the transaction (0 on SQLite).
    pub tx: i64,
    /// Number of the change.
    pub seq: i64,
}

/// Appends a change to the log, in the transaction of the mutation it describes.
pub fn append(tx: &mut dyn Tx, change: &NewChange<'_>) -> Result<(), StoreError> {
    const SQLITE: &str =
        "INSERT INTO changes (tx, application_id, grant_id, kind, object_id, at_us, data)
         VALUES (0, $1, $2, $3, $4, $5, $6)";
    const POSTGRES: &str =
        "INSERT INTO changes (tx, application_id, grant_id, kind, object_id, at_us, data)
         VALUES (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), $1, $2, $3, $4, $5, $6)";
    let sql = match tx.dialect() {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    };
    let params = [
        change.application.into(),
        change.grant.into(),
        Param::Int(change.kind as i64),
        change.object.into(),
        change.at_us.into(),
        change.data.into(),
    ];
    tx.execute(sql, &params)?;
    tx.note_change();
    Ok(())
}

/// Returns up to `limit` changes after `cursor`, oldest first, none of which a later call could overtake.
pub fn after(tx: &mut dyn Tx, cursor: Cursor, limit: i64) -> Result<Vec<Change>, StoreError> {
    let sql = tx.dialect().changes_after();
    tx.query(
        sql,
        &[cursor.tx.into(), cursor.seq.into(), limit.into()],
        |row| {
            let number = row.int(4)?;
            let kind = ChangeKind::from_stored(number)
                .ok_or_else(|| StoreError::Fault(format!("unknown kind of change {number}")))?;
            Ok(Change {
                position: Cursor {
                    tx: row.int(0)?,
                    seq: row.int(1)?,
                },
                application: row.key(2)?,
                grant: row.opt_key(3)?,
                kind,
                object: row.key(5)?,
                at_us: row.int(6)?,
                data: row.opt_string(7)?,
            })
        },
    )
}

/// Returns the number of the first change that is still in the log, and the number of the last that was ever written.
pub fn extent(tx: &mut dyn Tx) -> Result<(Option<i64>, i64), StoreError> {
    let oldest = tx.query_one("SELECT MIN(seq) FROM changes", &[], |row| row.opt_int(0))?;
    let newest = newest(tx)?;
    Ok((oldest, newest))
}

/// Returns the number of the last change that was ever written, whether or not it is still in the log.
pub fn newest(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    tx.query_one(tx.dialect().newest_change(), &[], |row| row.int(0))
}

/// Returns when the first change after `cursor` happened, in microseconds.
pub fn first_after(tx: &mut dyn Tx, cursor: Cursor) -> Result<Option<i64>, StoreError> {
    let sql = tx.dialect().changes_after();
    let params = [cursor.tx.into(), cursor.seq.into(), Param::Int(1)];
    tx.query_opt(sql, &params, |row| row.int(6))
}

/// Returns the messages that an account was given after `cursor`, as far as the log is known to be whole.
pub fn messages_after(tx: &mut dyn Tx, cursor: Cursor, grant: Key) -> Result<Vec<Key>, StoreError> {
    let sql = tx.dialect().messages_after();
    let created = ChangeKind::MessageCreated as i64;
    let params = [
        cursor.tx.into(),
        cursor.seq.into(),
        grant.into(),
        Param::Int(created),
    ];
    tx.query(sql, &params, |row| row.key(0))
}

/// Returns a reader's cursor, or the start of the log for a reader that has none.
pub fn cursor(tx: &mut dyn Tx, reader: &str) -> Result<Cursor, StoreError> {
    let found = tx.query_opt(
        "SELECT tx, seq FROM cursors WHERE name = $1",
        &[reader.into()],
        |row| {
            Ok(Cursor {
                tx: row.int(0)?,
                seq: row.int(1)?,
            })
        },
    )?;
    Ok(found.unwrap_or_default())
}

/// Moves a reader's cursor, in the transaction of the effect that the changes up to it had.
pub fn advance(tx: &mut dyn Tx, reader: &str, to: Cursor) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO cursors (name, tx, seq) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET tx = excluded.tx, seq = excluded.seq",
        &[reader.into(), to.tx.into(), to.seq.into()],
    )?;
    Ok(())
}

/// Deletes changes that every reader has passed and that happened before `before_us`; looks at the oldest `limit` rows
/// and no further, however long the log is.
pub fn prune(tx: &mut dyn Tx, before_us: i64, limit: i64) -> Result<u64, StoreError> {
    let slowest = tx.query_opt(
        "SELECT tx, seq FROM cursors ORDER BY tx, seq LIMIT 1",
        &[],
        |row| {
            Ok(Cursor {
                tx: row.int(0)?,
                seq: row.int(1)?,
            })
        },
    )?;
    let Some(slowest) = slowest else { return Ok(0) };
    tx.execute(
        "DELETE FROM changes WHERE at_us < $1 AND (tx < $2 OR (tx = $2 AND seq <= $3))
           AND seq IN (SELECT seq FROM changes ORDER BY seq LIMIT $4)",
        &[
            before_us.into(),
            slowest.tx.into(),
            slowest.seq.into(),
            limit.into(),
        ],
    )
}
