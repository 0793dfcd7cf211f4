//! Messages after their arrival: flags, folder and metadata change, and in the end they go.

use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::tables::{blobs, terms};
use crate::{Param, StoreError};

/// Messages that one statement names at most.
const IDS_PER_STATEMENT: usize = 100;

/// A message where it is, with what changes over its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The message's key.
    pub id: Key,
    /// Its thread.
    pub thread: Key,
    /// The folder it is in.
    pub folder: Key,
    /// Its raw bytes.
    pub blob: Key,
    /// When it was accepted, in Unix seconds.
    pub date_at: i64,
    /// Its number in its folder.
    pub uid: i64,
    /// Its folder's modification sequence of its last change.
    pub modseq: i64,
    /// Not read yet.
    pub unread: bool,
    /// Starred.
    pub starred: bool,
    /// Answered by this account.
    pub answered: bool,
    /// Bytes of its whole source.
    pub size_bytes: i64,
    /// A JSON object, if metadata was set.
    pub metadata: Option<String>,
    /// When it was moved to Trash or Junk, in Unix seconds, if it is there.
    pub set_aside_at: Option<i64>,
}

const PLACED: &str = "m.id, m.thread_id, m.folder_id, m.blob_id, m.date_at, m.uid, m.modseq, m.unread, m.starred, \
     m.answered, m.size_bytes, m.metadata, m.set_aside_at";

fn read_placed(row: &dyn Row) -> Result<Placed, StoreError> {
    Ok(Placed {
        id: row.key(0)?,
        thread: row.key(1)?,
        folder: row.key(2)?,
        blob: row.key(3)?,
        date_at: row.int(4)?,
        uid: row.int(5)?,
        modseq: row.int(6)?,
        unread: row.flag(7)?,
        starred: row.flag(8)?,
        answered: row.flag(9)?,
        size_bytes: row.int(10)?,
        metadata: row.opt_string(11)?,
        set_aside_at: row.opt_int(12)?,
    })
}

/// Returns those of the messages that a live account has in folders that are still there, oldest key first.
///
/// Whoever goes on to change them holds the account's lock.
pub fn placed(tx: &mut dyn Tx, grant: Key, ids: &[Key]) -> Result<Vec<Placed>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        let sql = placed_statement(chunk.len());
        let mut params: Vec<Param<'_>> = vec![grant.into()];
        params.extend(chunk.iter().map(|id| Param::from(*id)));
        tx.for_each(&sql, &params, &mut |row| {
            found.push(read_placed(row)?);
            Ok(())
        })?;
    }
    found.sort_unstable_by_key(|message| message.id);
    found.dedup_by_key(|message| message.id);
    Ok(found)
}

pub(super) fn placed_statement(count: usize) -> String {
    format!(
        "SELECT {PLACED} FROM messages m WHERE m.id IN ({}) AND m.grant_id + 0 = $1
           AND EXISTS (SELECT 1 FROM folders f WHERE f.id = m.folder_id)
           AND EXISTS (SELECT 1 FROM grants g WHERE g.id = $1)",
        placeholders(2, count)
    )
}

/// Returns up to `limit` messages of a folder, which may be gone itself.
pub fn in_folder(
    tx: &mut dyn Tx,
    grant: Key,
    folder: Key,
    limit: i64,
) -> Result<Vec<Placed>, StoreError> {
    let sql = in_folder_statement();
    tx.query(
        &sql,
        &[grant.into(), folder.into(), limit.into()],
        read_placed,
    )
}

pub(super) fn in_folder_statement() -> String {
    format!(
        "SELECT {PLACED} FROM messages m WHERE m.grant_id = $1 AND m.folder_id = $2 ORDER BY m.date_at, m.id LIMIT $3"
    )
}

/// A message that was moved to Trash or Junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetAside {
    /// The application that owns its account.
    pub application: Key,
    /// Its account.
    pub grant: Key,
    /// Its key.
    pub id: Key,
    /// When it was moved, in Unix seconds.
    pub at: i64,
    /// It is in Trash.
    pub in_trash: bool,
}

/// Returns up to `limit` messages that were set aside before a time, longest ago first, behind a time and key.
pub fn set_aside_before(
    tx: &mut dyn Tx,
    behind: (i64, Key),
    before: i64,
    limit: i64,
) -> Result<Vec<SetAside>, StoreError> {
    let (at, id) = behind;
    let params = [
        at.into(),
        before.into(),
        limit.into(),
        Param::from(id),
        Param::Int(SystemFolder::Trash as i64),
    ];
    tx.query(SET_ASIDE_BEFORE, &params, |row| {
        Ok(SetAside {
            application: row.key(0)?,
            grant: row.key(1)?,
            id: row.key(2)?,
            at: row.int(3)?,
            in_trash: row.flag(4)?,
        })
    })
}

/// What is left of deleted accounts and folders goes another way.
pub(super) const SET_ASIDE_BEFORE: &str =
    "SELECT m.application_id, m.grant_id, m.id, m.set_aside_at, CAST(CASE WHEN f.role = $5 THEN 1 ELSE 0 END AS BIGINT)
     FROM messages m JOIN folders f ON f.id = m.folder_id
     WHERE m.set_aside_at >= $1 AND m.set_aside_at < $2 AND (m.set_aside_at > $1 OR m.id > $4)
       AND EXISTS (SELECT 1 FROM grants g WHERE g.id = m.grant_id)
     ORDER BY m.set_aside_at, m.id LIMIT $3";

/// Writes flags, folder and numbers of a message; its folders have counted the change already.
pub fn place(tx: &mut dyn Tx, message: &Placed) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE messages SET folder_id = $2, uid = $3, modseq = $4, unread = $5, starred = $6, answered = $7,
           set_aside_at = $8 WHERE id = $1",
        &[
            message.id.into(),
            message.folder.into(),
            message.uid.into(),
            message.modseq.into(),
            message.unread.into(),
            message.starred.into(),
            message.answered.into(),
            message.set_aside_at.into(),
        ],
    )?;
    Ok(())
}

/// Writes a message's metadata, a JSON object; the caller keeps the terms in step.
pub fn set_metadata(
    tx: &mut dyn Tx,
    message: Key,
    metadata: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE messages SET metadata = $2 WHERE id = $1",
        &[message.into(), metadata.into()],
    )?;
    Ok(())
}

/// Returns the JSON members that listings show of each of the messages, from which their terms can be told.
pub fn documents(
    tx: &mut dyn Tx,
    grant: Key,
    ids: &[Key],
) -> Result<Vec<(Key, String)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        let sql = format!(
            "SELECT id, document FROM messages WHERE id IN ({}) AND grant_id + 0 = $1",
            placeholders(2, chunk.len())
        );
        let mut params: Vec<Param<'_>> = vec![grant.into()];
        params.extend(chunk.iter().map(|id| Param::from(*id)));
        found.extend(tx.query(&sql, &params, |row| Ok((row.key(0)?, row.string(1)?)))?);
    }
    Ok(found)
}

/// What a conversation shows of one of its messages.
#[derive(Debug)]
pub struct InThread {
    /// The message.
    pub message: Key,
    /// Its document.
    pub document: String,
    /// It came in by mail; its account wrote it otherwise.
    pub arrived: bool,
}

/// Returns what a conversation shows of messages of one account, in no particular order.
pub fn in_thread(tx: &mut dyn Tx, grant: Key, ids: &[Key]) -> Result<Vec<InThread>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        // Only what arrived has lines that tell how.
        let sql = format!(
            "SELECT id, document, CAST(length(trace) AS BIGINT)
             FROM messages WHERE id IN ({}) AND grant_id + 0 = $1",
            placeholders(2, chunk.len())
        );
        let mut params: Vec<Param<'_>> = vec![grant.into()];
        params.extend(chunk.iter().map(|id| Param::from(*id)));
        found.extend(tx.query(&sql, &params, |row| {
            Ok(InThread {
                message: row.key(0)?,
                document: row.string(1)?,
                arrived: row.int(2)? > 0,
            })
        })?);
    }
    Ok(found)
}

/// A message about to be removed, and what it is found by.
#[derive(Debug)]
pub struct Leaving {
    /// The message.
    pub message: Placed,
    /// Its terms.
    pub terms: Vec<terms::Term>,
}

/// Removes messages of one account for good, with their terms, receipts and the bytes that no other message shares; their
/// folders have counted them out already.
///
/// Returns application and key of blobs whose rows are gone and whose bytes are in the blob store.
pub fn remove(
    tx: &mut dyn Tx,
    grant: Key,
    leaving: &[Leaving],
) -> Result<Vec<(Key, Key)>, StoreError> {
    for one in leaving {
        let message = &one.message;
        terms::remove(tx, grant, message.id, message.date_at, &one.terms)?;
    }
    for chunk in leaving.chunks(IDS_PER_STATEMENT) {
        let ids: Vec<Param<'_>> = chunk.iter().map(|one| one.message.id.into()).collect();
        let list = placeholders(1, ids.len());
        for table in ["receipts WHERE message_id", "messages WHERE id"] {
            tx.execute(&format!("DELETE FROM {table} IN ({list})"), &ids)?;
        }
    }
    let mut blobs: Vec<Key> = leaving.iter().map(|one| one.message.blob).collect();
    blobs.sort_unstable();
    blobs.dedup();
    let lock = tx.dialect().lock_rows();
    blobs::remove_unreferenced(tx, &blobs, lock)
}
