//! What accounts and applications have used up of what they are limited to.
//!
//! Counted only where something is limited. A day's counter that is not there yet begins with what the mailbox holds of
//! the day, so that a limit set at noon counts the morning.

use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::sql::Tx;
use crate::{Param, StoreError};

/// Messages of one day that a new counter begins with at most.
const COUNTED_MAX: i64 = 100_000;

/// What an account did on one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Day {
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
}

/// What an application did in one UTC month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Month {
    /// Messages that its accounts and domains sent.
    pub sent: u64,
    /// Bytes of messages sent and received.
    pub bytes: u64,
}

/// Returns what an account did on a day, given as days since 1970. The transaction holds the account's lock.
pub fn day(tx: &mut dyn Tx, grant: Key, day: i64) -> Result<Day, StoreError> {
    let found = tx.query_opt(
        "SELECT sent, received FROM usage_days WHERE grant_id = $1 AND day = $2",
        &[grant.into(), day.into()],
        |row| {
            Ok(Day {
                sent: count(row.int(0)?),
                received: count(row.int(1)?),
            })
        },
    )?;
    match found {
        Some(found) => Ok(found),
        None => held_since(tx, grant, day),
    }
}

/// From folders to messages, on SQLite in the order in which they stand here.
const HELD_SINCE: &str =
    "SELECT CAST(COALESCE(SUM(CASE WHEN d.role = $3 THEN 1 ELSE 0 END), 0) AS BIGINT),
           CAST(COALESCE(SUM(CASE WHEN d.role = $3 THEN 0 ELSE 1 END), 0) AS BIGINT)
         FROM (SELECT f.role FROM folders f CROSS JOIN messages m
               WHERE m.grant_id = f.grant_id AND m.folder_id = f.id AND m.date_at >= $2
                 AND f.grant_id = $1 AND f.role <> $4 LIMIT $5) d";

/// Counts the messages of a day that a mailbox holds.
fn held_since(tx: &mut dyn Tx, grant: Key, day: i64) -> Result<Day, StoreError> {
    let (sent, drafts) = (
        Param::Int(SystemFolder::Sent as i64),
        Param::Int(SystemFolder::Drafts as i64),
    );
    tx.query_one(
        HELD_SINCE,
        &[
            grant.into(),
            Param::Int(day * 86_400),
            sent,
            drafts,
            Param::Int(COUNTED_MAX),
        ],
        |row| {
            Ok(Day {
                sent: count(row.int(0)?),
                received: count(row.int(1)?),
            })
        },
    )
}

/// Writes what an account did on a day. The transaction holds the account's lock.
pub fn set_day(tx: &mut dyn Tx, grant: Key, day: i64, used: Day) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO usage_days (grant_id, day, sent, received) VALUES ($1, $2, $3, $4)
         ON CONFLICT (grant_id, day) DO UPDATE SET sent = excluded.sent, received = excluded.received",
        &[
            grant.into(),
            day.into(),
            stored(used.sent).into(),
            stored(used.received).into(),
        ],
    )?;
    Ok(())
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
    use super::HELD_SINCE;
    use crate::migrations::sqlite_plan;

    #[test]
    fn what_a_day_left_is_counted_along_the_folders_index() {
        let plan = sqlite_plan(HELD_SINCE);
        assert!(
            plan.contains("messages_of_folder (grant_id=? AND folder_id=? AND date_at>?)"),
            "{plan}"
        );
    }
}
