//! What was sent, as events tell of it: one row per message, whatever becomes of its copy in Sent.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;

/// Stands for the account of mail that has none; keys are positive.
const NO_GRANT: Key = Key(0);

/// What is kept of a sent message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The copy in Sent; mail of a domain has none, and the key all the same.
    pub message: Key,
    /// Whose it is.
    pub application: Key,
    /// The account that sent it; `None` for mail that a domain sent.
    pub grant: Option<Key>,
    /// JSON object with `subject, from, to, cc, bcc, sent_at, metadata`; addresses are plain strings.
    pub about: String,
}

/// Notes what is sent, in the transaction that queues it.
pub fn insert(tx: &mut dyn Tx, sending: &Sending) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sendings (message_id, application_id, grant_id, about) VALUES ($1, $2, $3, $4)",
        &[
            sending.message.into(),
            sending.application.into(),
            sending.grant.unwrap_or(NO_GRANT).into(),
            (&sending.about).into(),
        ],
    )?;
    Ok(())
}

/// Returns what was noted of a message.
pub fn find(tx: &mut dyn Tx, message: Key) -> Result<Option<Sending>, StoreError> {
    tx.query_opt(
        "SELECT message_id, application_id, grant_id, about FROM sendings WHERE message_id = $1",
        &[message.into()],
        |row| {
            Ok(Sending {
                message: row.key(0)?,
                application: row.key(1)?,
                grant: Some(row.key(2)?).filter(|grant| *grant != NO_GRANT),
                about: row.string(3)?,
            })
        },
    )
}

/// Removes up to `limit` notes of messages older than `oldest` that wait in no queue; returns how many.
pub fn expire(tx: &mut dyn Tx, oldest: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM sendings WHERE message_id IN
           (SELECT message_id FROM sendings WHERE message_id < $1 ORDER BY message_id LIMIT $2)
         AND NOT EXISTS (SELECT 1 FROM outbound o WHERE o.message_id = sendings.message_id
           AND o.application_id = sendings.application_id)",
        &[oldest.into(), limit.into()],
    )
}

/// Removes what was noted of an account that is gone, but for mail that is still on its way: events tell of that.
pub fn drop_of_grant(tx: &mut dyn Tx, grant: Key) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM sendings WHERE grant_id = $1
         AND NOT EXISTS (SELECT 1 FROM outbound o WHERE o.message_id = sendings.message_id
           AND o.application_id = sendings.application_id)",
        &[grant.into()],
    )
}
