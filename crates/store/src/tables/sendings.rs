//! What was sent, as events tell of it: one row per message, whatever becomes of its copy in Sent.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;
use crate::tables::usage::AccountDay;

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
    /// The day that it counts for, and how many recipients it has; `None` when it counts for none.
    pub charged: Option<Charged>,
}

/// What a message took of its account's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// Days since 1970.
    pub day: i64,
    /// Recipients in the queue.
    pub recipients: i64,
}

/// Notes what is sent, in the transaction that queues it.
pub fn insert(tx: &mut dyn Tx, sending: &Sending) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sendings (message_id, application_id, grant_id, about, charged_day, unreached)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            sending.message.into(),
            sending.application.into(),
            sending.grant.unwrap_or(NO_GRANT).into(),
            (&sending.about).into(),
            sending.charged.map_or(0, |charged| charged.day).into(),
            sending
                .charged
                .map_or(0, |charged| charged.recipients)
                .into(),
        ],
    )?;
    Ok(())
}

/// Notes that recipients of a message will not get it. Returns the account and its day when by now nobody got it or will: then
/// the day has it back.
pub fn lose(
    tx: &mut dyn Tx,
    message: Key,
    recipients: i64,
) -> Result<Option<AccountDay>, StoreError> {
    let left = tx.query_opt(
        "UPDATE sendings SET unreached = unreached - $2 WHERE message_id = $1 AND unreached >= $2
         RETURNING unreached, grant_id, charged_day",
        &[message.into(), recipients.into()],
        |row| Ok((row.int(0)?, row.key(1)?, row.int(2)?)),
    )?;
    Ok(left.and_then(|(left, grant, day)| {
        (left == 0 && grant != NO_GRANT).then_some(AccountDay { grant, day })
    }))
}

/// Returns what was noted of a message.
pub fn find(tx: &mut dyn Tx, message: Key) -> Result<Option<Sending>, StoreError> {
    tx.query_opt(
        "SELECT message_id, application_id, grant_id, about, charged_day, unreached FROM sendings WHERE message_id = $1",
        &[message.into()],
        |row| {
            Ok(Sending {
                message: row.key(0)?,
                application: row.key(1)?,
                grant: Some(row.key(2)?).filter(|grant| *grant != NO_GRANT),
                about: row.string(3)?,
                charged: Some(Charged {
                    day: row.int(4)?,
                    recipients: row.int(5)?,
                })
                .filter(|charged| charged.recipients > 0),
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
