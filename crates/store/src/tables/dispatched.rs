//! Mail that another server took: what a later report about it is tied to.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

/// Stands for the account of mail that has none; keys are positive.
const NO_GRANT: Key = Key(0);

const COLUMNS: &str =
    "id, application_id, grant_id, message_id, sender_domain, recipient, return_path";

/// Mail for one recipient that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    /// The key that its row in the queue had.
    pub id: Key,
    /// The row whose token was in its return path: its own, or that of another recipient of the same attempt.
    pub return_path: Key,
    /// Whose it is.
    pub application: Key,
    /// The account that sent it; `None` for mail that a domain sent.
    pub grant: Option<Key>,
    /// The copy in Sent; mail of a domain has none, and the key all the same.
    pub message: Key,
    /// The domain that it was sent from, as A-labels.
    pub sender_domain: String,
    /// The envelope recipient.
    pub recipient: String,
}

/// What may be told of mail that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aftermath {
    /// It did not arrive after all.
    Bounced,
    /// Its recipient complained.
    Complained,
}

/// Notes mail that left, in the transaction that removes it from the queue.
pub fn insert(tx: &mut dyn Tx, mail: &Dispatched, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO dispatched (id, application_id, grant_id, message_id, sender_domain, recipient, dispatched_at,
           return_path) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            mail.id.into(),
            mail.application.into(),
            mail.grant.unwrap_or(NO_GRANT).into(),
            mail.message.into(),
            (&mail.sender_domain).into(),
            (&mail.recipient).into(),
            now.into(),
            mail.return_path.into(),
        ],
    )?;
    Ok(())
}

/// Returns mail that left by the key that its row in the queue had.
pub fn find(tx: &mut dyn Tx, id: Key) -> Result<Option<Dispatched>, StoreError> {
    tx.query_opt(
        &format!("SELECT {COLUMNS} FROM dispatched WHERE id = $1"),
        &[id.into()],
        read,
    )
}

/// Returns the mail of a message that left with the return path of a row, oldest first; up to `limit` recipients. Mail of
/// which it is not known counts too.
pub fn of_return_path(
    tx: &mut dyn Tx,
    application: Key,
    message: Key,
    row: Key,
    limit: i64,
) -> Result<Vec<Dispatched>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM dispatched
         WHERE message_id = $1 AND application_id = $2 AND return_path IN ($3, 0) ORDER BY id LIMIT $4"
    );
    tx.query(
        &sql,
        &[message.into(), application.into(), row.into(), limit.into()],
        read,
    )
}

/// Returns whose mail, and which message, a row of the queue is or was: application, account and message.
pub fn behind(tx: &mut dyn Tx, id: Key) -> Result<Option<(Key, Option<Key>, Key)>, StoreError> {
    let left = find(tx, id)?;
    if let Some(mail) = left {
        return Ok(Some((mail.application, mail.grant, mail.message)));
    }
    tx.query_opt(
        "SELECT application_id, grant_id, message_id FROM outbound WHERE id = $1",
        &[id.into()],
        |row| {
            let grant = Some(row.key(1)?).filter(|grant| *grant != NO_GRANT);
            Ok((row.key(0)?, grant, row.key(2)?))
        },
    )
}

/// Notes what is told of mail; `None` when it is not here, or was told before.
pub fn note(
    tx: &mut dyn Tx,
    id: Key,
    aftermath: Aftermath,
    now: i64,
) -> Result<Option<Dispatched>, StoreError> {
    let column = match aftermath {
        Aftermath::Bounced => "bounced_at",
        Aftermath::Complained => "complained_at",
    };
    let sql = format!(
        "UPDATE dispatched SET {column} = $2 WHERE id = $1 AND {column} IS NULL
         RETURNING {COLUMNS}"
    );
    tx.query_opt(&sql, &[id.into(), now.into()], read)
}

/// Removes up to `limit` notes of mail that was queued before `oldest`.
pub fn expire(tx: &mut dyn Tx, oldest: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM dispatched WHERE id IN
           (SELECT id FROM dispatched WHERE id < $1 ORDER BY id LIMIT $2)",
        &[oldest.into(), limit.into()],
    )
}

fn read(row: &dyn Row) -> Result<Dispatched, StoreError> {
    Ok(Dispatched {
        id: row.key(0)?,
        application: row.key(1)?,
        grant: Some(row.key(2)?).filter(|grant| *grant != NO_GRANT),
        message: row.key(3)?,
        sender_domain: row.string(4)?,
        recipient: row.string(5)?,
        return_path: row.key(6)?,
    })
}
