//! How far the index is: what was there before it, and how much of that is still to be indexed.

use posthouse_types::ids::Key;

use crate::changes::{self, Cursor};
use crate::engine::full_text::READER;
use crate::sql::Tx;
use crate::{Param, StoreError};

use super::matches::noting_damage;

/// How far an index is with the messages of before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Messages with keys below this are still to be indexed, newest first; `None` when there are none.
    pub below: Option<Key>,
    /// They replace what is known of them.
    pub anew: bool,
    /// The index has had everything once.
    pub complete: bool,
    /// Messages of before it that are indexed.
    pub done: i64,
    /// Messages of before it, counted when it began.
    pub total: i64,
}

/// Returns how far the index is; runs on the index.
pub fn state(tx: &mut dyn Tx) -> Result<State, StoreError> {
    tx.query_one(
        "SELECT below, anew, complete, done, total FROM search_state WHERE id = 1",
        &[],
        |row| {
            Ok(State {
                below: row.opt_key(0)?,
                anew: row.flag(1)?,
                complete: row.flag(2)?,
                done: row.int(3)?,
                total: row.int(4)?,
            })
        },
    )
}

/// Begins with the messages of before the index, of which there are `total`; runs on the index.
pub fn begin(tx: &mut dyn Tx, total: i64, anew: bool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE search_state SET below = $1, anew = $2, done = 0, total = $3 WHERE id = 1",
        &[Param::Int(i64::MAX), anew.into(), total.into()],
    )?;
    Ok(())
}

/// Notes that `done` more are indexed and below which key the rest is, unless it has begun anew since; runs on the index.
pub fn shorten(tx: &mut dyn Tx, from: Key, to: Key, done: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE search_state SET below = $2, done = done + $3 WHERE id = 1 AND below = $1",
        &[from.into(), to.into(), done.into()],
    )?;
    Ok(())
}

/// Notes that nothing of before the index is left, unless it has begun anew since; runs on the index.
pub fn mark_complete(tx: &mut dyn Tx, from: Key) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE search_state SET below = NULL, complete = 1 WHERE id = 1 AND below = $1",
        &[from.into()],
    )?;
    Ok(())
}

/// Notes that the index has everything of an account; runs on the index.
pub fn complete_account(tx: &mut dyn Tx, grant: Key) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO search_accounts (grant_id, complete) VALUES ($1, 1)
         ON CONFLICT (grant_id) DO UPDATE SET complete = 1",
        &[grant.into()],
    )?;
    Ok(())
}

/// Returns messages with keys below a key, newest first, with their accounts; those of deleted accounts are left out.
pub fn of_backlog(tx: &mut dyn Tx, below: Key, limit: i64) -> Result<Vec<(Key, Key)>, StoreError> {
    tx.query(
        "SELECT id, grant_id FROM messages
         WHERE id < $1 AND grant_id NOT IN (SELECT grant_id FROM deleted_grants) ORDER BY id DESC LIMIT $2",
        &[below.into(), limit.into()],
        |row| Ok((row.key(0)?, row.key(1)?)),
    )
}

/// Returns how many messages there are.
pub fn count_messages(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    tx.query_one("SELECT COUNT(*) FROM messages", &[], |row| row.int(0))
}

/// What a search finds the index of its account to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// It has everything of before the index.
    pub complete: bool,
    /// Where its reader of the change log is.
    pub cursor: Cursor,
    /// When the first change behind that happened, in microseconds.
    pub pending_since_us: Option<i64>,
}

/// Returns how far the index is with an account.
pub fn standing(tx: &mut dyn Tx, grant: Key) -> Result<Standing, StoreError> {
    let standing = read_standing(tx, grant);
    noting_damage(tx, standing)
}

fn read_standing(tx: &mut dyn Tx, grant: Key) -> Result<Standing, StoreError> {
    let complete = tx.query_one(
        "SELECT CASE WHEN complete = 1 THEN 1
           ELSE COALESCE((SELECT complete FROM search_accounts WHERE grant_id = $1), 0) END
         FROM search_state WHERE id = 1",
        &[grant.into()],
        |row| row.flag(0),
    )?;
    let sql = tx.dialect().indexed_up_to();
    let cursor = tx.query_opt(sql, &[READER.into()], |row| {
        Ok(Cursor {
            tx: row.int(0)?,
            seq: row.int(1)?,
        })
    })?;
    let cursor = cursor.unwrap_or_default();
    Ok(Standing {
        complete,
        cursor,
        pending_since_us: changes::first_after(tx, cursor)?,
    })
}

/// Returns up to `limit` messages of an account that are not in the index, newest first.
///
/// Walks through all messages of the account.
pub fn not_indexed(tx: &mut dyn Tx, grant: Key, limit: i64) -> Result<Vec<Key>, StoreError> {
    let sql = tx.dialect().not_indexed();
    let missing = tx.query(sql, &[grant.into(), limit.into()], |row| row.key(0));
    noting_damage(tx, missing)
}
