//! What applications want to learn of what becomes of sent messages; a row goes with its message.

use posthouse_types::ids::Key;

use super::terms::Term;
use crate::sql::{Tx, placeholders};
use crate::{Param, StoreError};

/// Messages of one thread whose replies are announced that are looked at, the newest ones.
const PER_THREAD_MAX: i64 = 100;

/// What is wanted of one message.
#[derive(Debug, Clone)]
pub struct NewTracked<'a> {
    /// The copy in Sent.
    pub message: Key,
    /// Its account.
    pub grant: Key,
    /// Its thread.
    pub thread: Key,
    /// As JSON.
    pub options: &'a str,
    /// What events are to be called.
    pub label: &'a str,
    /// Whether replies are announced.
    pub thread_replies: bool,
}

/// Notes what is wanted of a message that the transaction has stored.
pub fn insert(tx: &mut dyn Tx, new: &NewTracked<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO tracked (message_id, grant_id, thread_id, options, label, thread_replies, replies)
         VALUES ($1, $2, $3, $4, $5, $6, 0)",
        &[
            new.message.into(),
            new.grant.into(),
            new.thread.into(),
            new.options.into(),
            new.label.into(),
            new.thread_replies.into(),
        ],
    )?;
    Ok(())
}

/// Returns what is wanted of messages of an account, as JSON; those of which nothing is are left out.
pub fn options(
    tx: &mut dyn Tx,
    grant: Key,
    messages: &[Key],
) -> Result<Vec<(Key, String)>, StoreError> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT message_id, options FROM tracked WHERE grant_id + 0 = $1 AND message_id IN ({})",
        placeholders(2, messages.len())
    );
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    params.extend(messages.iter().map(|message| Param::from(*message)));
    tx.query(&sql, &params, |row| Ok((row.key(0)?, row.string(1)?)))
}

/// Returns the messages of a thread whose replies are announced, newest first.
pub fn announced(tx: &mut dyn Tx, grant: Key, thread: Key) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "SELECT message_id FROM tracked WHERE grant_id = $1 AND thread_id = $2 AND thread_replies = 1
         ORDER BY message_id DESC LIMIT $3",
        &[grant.into(), thread.into(), PER_THREAD_MAX.into()],
        |row| row.key(0),
    )
}

/// Returns the newest message of an account that has a term.
pub fn named(tx: &mut dyn Tx, grant: Key, term: Term) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT message_id FROM message_terms WHERE grant_id = $1 AND term = $2
         ORDER BY date_at DESC, message_id DESC LIMIT 1",
        &[grant.into(), Param::Int(term.0)],
        |row| row.key(0),
    )
}

/// Returns the newest messages of an account that have a term.
pub fn copies(tx: &mut dyn Tx, grant: Key, term: Term) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "SELECT message_id FROM message_terms WHERE grant_id = $1 AND term = $2
         ORDER BY date_at DESC, message_id DESC LIMIT $3",
        &[grant.into(), Param::Int(term.0), PER_THREAD_MAX.into()],
        |row| row.key(0),
    )
}

/// Counts a reply to a message; returns how many there have been, this one included, and the label.
pub fn count_reply(tx: &mut dyn Tx, message: Key) -> Result<Option<(i64, String)>, StoreError> {
    tx.query_opt(
        "UPDATE tracked SET replies = replies + 1 WHERE message_id = $1 RETURNING replies, label",
        &[message.into()],
        |row| Ok((row.int(0)?, row.string(1)?)),
    )
}
