//! What accounts and applications have used up of what they are limited to.
//!
//! What an account sends is counted always, so that a limit holds for what was sent before it was set, whatever became of
//! the copies. What it receives is counted only where that is limited, because mail that arrives must not pay for it
//! elsewhere: a counter says under which limits it was kept and up to which message, and under others it is caught up with
//! what the mailbox holds.

use posthouse_types::ids::Key;

use crate::sql::Tx;
use crate::{Param, StoreError};

/// Messages of one day that a counter is caught up with at most.
const COUNTED_MAX: i64 = 100_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// An account on one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountDay {
    /// The account.
    pub grant: Key,
    /// Days since 1970.
    pub day: i64,
}

/// What an account received on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// How many messages.
    pub messages: u64,
    /// The newest of them that is counted, or another that is no newer.
    pub to: Key,
}

/// What an application did in one UTC month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Month {
    /// Messages that its accounts and domains sent.
    pub sent: u64,
    /// Bytes of messages sent and received.
    pub bytes: u64,
}

/// Counts a message that is sent, and returns how many are by now. Whoever else sends for the account waits until the
/// transaction ends.
pub fn add_sent(tx: &mut dyn Tx, at: &AccountDay) -> Result<u64, StoreError> {
    tx.query_one(
        "INSERT INTO usage_days (grant_id, day, sent, received) VALUES ($1, $2, 1, 0)
         ON CONFLICT (grant_id, day) DO UPDATE SET sent = usage_days.sent + 1 RETURNING sent",
        &[at.grant.into(), at.day.into()],
        |row| Ok(count(row.int(0)?)),
    )
}

/// Takes back that a message was sent.
pub fn give_back_sent(tx: &mut dyn Tx, at: &AccountDay) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE usage_days SET sent = sent - 1 WHERE grant_id = $1 AND day = $2 AND sent > 0",
        &[at.grant.into(), at.day.into()],
    )?;
    Ok(())
}

/// Returns how many messages an account sent on a day.
pub fn sent(tx: &mut dyn Tx, at: &AccountDay) -> Result<u64, StoreError> {
    let found = tx.query_opt(
        "SELECT sent FROM usage_days WHERE grant_id = $1 AND day = $2",
        &[at.grant.into(), at.day.into()],
        |row| Ok(count(row.int(0)?)),
    )?;
    Ok(found.unwrap_or_default())
}

/// Returns how many messages an account received on a day, under limits of which `under` is a hash; 0 stands for none. Where
/// the mailbox has to be looked at, that ends at `most` messages: whoever is over a limit is so at little cost.
pub fn received(
    tx: &mut dyn Tx,
    at: &AccountDay,
    under: i64,
    most: u64,
) -> Result<Received, StoreError> {
    let found = tx.query_opt(
        "SELECT received, received_under, received_to FROM usage_days WHERE grant_id = $1 AND day = $2",
        &[at.grant.into(), at.day.into()],
        |row| {
            let counted = Received {
                messages: count(row.int(0)?),
                to: row.key(2)?,
            };
            Ok((counted, row.int(1)?))
        },
    )?;
    match found {
        Some((counted, kept_under)) if kept_under == under && under != 0 => Ok(counted),
        Some((counted, _)) => catch_up(tx, at, counted, most),
        None => catch_up(
            tx,
            at,
            Received {
                messages: 0,
                to: Key(0),
            },
            most,
        ),
    }
}

/// Writes how many messages an account received on a day. The transaction holds the account's lock, and has held it since it
/// read them.
pub fn set_received(
    tx: &mut dyn Tx,
    at: &AccountDay,
    used: &Received,
    under: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO usage_days (grant_id, day, sent, received, received_under, received_to) VALUES ($1, $2, 0, $3, $4, $5)
         ON CONFLICT (grant_id, day) DO UPDATE SET received = excluded.received,
           received_under = excluded.received_under, received_to = excluded.received_to",
        &[
            at.grant.into(),
            at.day.into(),
            stored(used.messages).into(),
            under.into(),
            used.to.into(),
        ],
    )?;
    Ok(())
}

/// Has the counters of received messages of an account caught up before they are used again: it changes workspace.
pub fn doubt_received(tx: &mut dyn Tx, grant: Key) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE usage_days SET received_under = 0 WHERE grant_id = $1 AND received_under <> 0",
        &[grant.into()],
    )?;
    Ok(())
}

/// What was received has a trace; copies of what was sent, and drafts, have none. From folders to messages, on SQLite in the
/// order in which they stand here.
const NOT_COUNTED: &str = "SELECT COUNT(*), COALESCE(MAX(d.id), 0) FROM (
       SELECT m.id FROM folders f CROSS JOIN messages m
       WHERE m.grant_id = f.grant_id AND m.folder_id = f.id AND m.date_at >= $2 AND m.date_at < $3
         AND f.grant_id = $1 AND m.id > $4 AND LENGTH(m.trace) > 0 LIMIT $5) d";

/// Adds the messages of a day that a mailbox holds and that are not counted, up to `most` in all.
fn catch_up(
    tx: &mut dyn Tx,
    at: &AccountDay,
    counted: Received,
    most: u64,
) -> Result<Received, StoreError> {
    let begins = at.day * SECONDS_PER_DAY;
    let looked_at = stored(most.saturating_sub(counted.messages)).min(COUNTED_MAX);
    tx.query_one(
        NOT_COUNTED,
        &[
            at.grant.into(),
            Param::Int(begins),
            Param::Int(begins + SECONDS_PER_DAY),
            counted.to.into(),
            Param::Int(looked_at),
        ],
        |row| {
            Ok(Received {
                messages: counted.messages + count(row.int(0)?),
                to: counted.to.max(row.key(1)?),
            })
        },
    )
}

/// Adds to what an application did in a month, given as years times twelve plus months, and returns the sum. Whoever else
/// adds waits until the transaction ends.
pub fn add_to_month(
    tx: &mut dyn Tx,
    application: Key,
    month: i64,
    added: Month,
) -> Result<Month, StoreError> {
    tx.query_one(
        "INSERT INTO usage_months (application_id, month, sent, bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (application_id, month) DO UPDATE SET sent = usage_months.sent + excluded.sent,
           bytes = usage_months.bytes + excluded.bytes
         RETURNING sent, bytes",
        &[
            application.into(),
            month.into(),
            stored(added.sent).into(),
            stored(added.bytes).into(),
        ],
        |row| {
            Ok(Month {
                sent: count(row.int(0)?),
                bytes: count(row.int(1)?),
            })
        },
    )
}

/// Returns what an application did in a month.
pub fn month(tx: &mut dyn Tx, application: Key, month: i64) -> Result<Month, StoreError> {
    let found = tx.query_opt(
        "SELECT sent, bytes FROM usage_months WHERE application_id = $1 AND month = $2",
        &[application.into(), month.into()],
        |row| {
            Ok(Month {
                sent: count(row.int(0)?),
                bytes: count(row.int(1)?),
            })
        },
    )?;
    Ok(found.unwrap_or_default())
}

/// Returns the bytes of all messages of an account.
pub fn storage(tx: &mut dyn Tx, grant: Key) -> Result<u64, StoreError> {
    tx.query_one(
        "SELECT CAST(COALESCE(SUM(total_bytes), 0) AS BIGINT) FROM folders WHERE grant_id = $1",
        &[grant.into()],
        |row| Ok(count(row.int(0)?)),
    )
}

/// Returns how many bytes wait for their time or for somebody's approval, each message once.
pub fn waiting(tx: &mut dyn Tx, grant: Key) -> Result<u64, StoreError> {
    tx.query_one(
        "SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM blobs WHERE id IN
           (SELECT blob_id FROM schedules WHERE grant_id = $1 AND state = 0
            UNION SELECT blob_id FROM holds WHERE grant_id = $1 AND state = 0)",
        &[grant.into()],
        |row| Ok(count(row.int(0)?)),
    )
}

/// Removes some of the counters of days before one; returns how many.
pub fn expire_days(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM usage_days WHERE (grant_id, day) IN
           (SELECT grant_id, day FROM usage_days WHERE day < $1 ORDER BY day LIMIT $2)",
        &[before.into(), limit.into()],
    )
}

/// Removes the counters of months before one; returns how many.
pub fn expire_months(tx: &mut dyn Tx, before: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM usage_months WHERE month < $1",
        &[before.into()],
    )
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::NOT_COUNTED;
    use crate::migrations::sqlite_plan;

    #[test]
    fn what_a_day_left_is_counted_along_the_folders_index() {
        let plan = sqlite_plan(NOT_COUNTED);
        assert!(
            plan.contains(
                "messages_of_folder (grant_id=? AND folder_id=? AND date_at>? AND date_at<?)"
            ),
            "{plan}"
        );
    }
}
