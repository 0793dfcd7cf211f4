//! Arriving mail as DMARC judged it: counted by day and domain, until a report of it is made.

use crate::StoreError;
use crate::sql::Tx;

/// Messages that were alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Whose policy it was, as A-labels.
    pub domain: String,
    /// Hash of `about`.
    pub digest: String,
    /// What they had in common, as JSON.
    pub about: String,
    /// How many.
    pub messages: i64,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Domains of a day.
    pub domains_per_day: i64,
    /// Rows of a domain in a day.
    pub rows_per_domain: i64,
}

/// Counts messages; tells whether there was room, and the day not yet reported. `due_at` is when it is, in Unix seconds.
pub fn count(
    tx: &mut dyn Tx,
    seen: &Seen,
    due_at: i64,
    bounds: Bounds,
) -> Result<bool, StoreError> {
    let key = [seen.day.into(), (&seen.domain).into()];
    let kept = tx.query_opt(
        "SELECT rows_kept, closed_at FROM dmarc_seen_domains WHERE day = $1 AND domain = $2",
        &key,
        |row| Ok((row.int(0)?, row.opt_int(1)?)),
    )?;
    let rows = match kept {
        Some((_, Some(_))) => return Ok(false),
        Some((rows, None)) => rows,
        None if domains_of(tx, seen.day, bounds.domains_per_day)? >= bounds.domains_per_day => {
            return Ok(false);
        }
        None => {
            tx.execute(
                "INSERT INTO dmarc_seen_domains (day, domain, rows_kept, due_at) VALUES ($1, $2, 0, $3)
                 ON CONFLICT (day, domain) DO NOTHING",
                &[seen.day.into(), (&seen.domain).into(), due_at.into()],
            )?;
            0
        }
    };
    let counted = tx.execute(
        "UPDATE dmarc_seen_rows SET messages = messages + $4 WHERE day = $1 AND domain = $2 AND digest = $3",
        &[
            seen.day.into(),
            (&seen.domain).into(),
            (&seen.digest).into(),
            seen.messages.into(),
        ],
    )?;
    if counted > 0 {
        return Ok(true);
    }
    if rows >= bounds.rows_per_domain {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO dmarc_seen_rows (day, domain, digest, about, messages) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (day, domain, digest) DO UPDATE SET messages = dmarc_seen_rows.messages + excluded.messages",
        &[
            seen.day.into(),
            (&seen.domain).into(),
            (&seen.digest).into(),
            (&seen.about).into(),
            seen.messages.into(),
        ],
    )?;
    tx.execute(
        "UPDATE dmarc_seen_domains SET rows_kept = rows_kept + 1 WHERE day = $1 AND domain = $2",
        &key,
    )?;
    Ok(true)
}

fn domains_of(tx: &mut dyn Tx, day: i64, most: i64) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT COUNT(*) FROM (SELECT domain FROM dmarc_seen_domains WHERE day = $1 LIMIT $2) AS counted",
        &[day.into(), most.into()],
        |row| row.int(0),
    )
}

/// Returns up to `limit` days of domains that are to be reported, the longest due first.
pub fn due(tx: &mut dyn Tx, now: i64, limit: i64) -> Result<Vec<(i64, String)>, StoreError> {
    tx.query(
        "SELECT day, domain FROM dmarc_seen_domains WHERE closed_at IS NULL AND due_at <= $1
         ORDER BY due_at, day, domain LIMIT $2",
        &[now.into(), limit.into()],
        |row| Ok((row.int(0)?, row.string(1)?)),
    )
}

/// Returns what was counted of a domain in a day, up to `limit` rows: what they had in common, and how many.
pub fn rows(
    tx: &mut dyn Tx,
    day: i64,
    domain: &str,
    limit: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    tx.query(
        "SELECT about, messages FROM dmarc_seen_rows WHERE day = $1 AND domain = $2 ORDER BY digest LIMIT $3",
        &[day.into(), domain.into(), limit.into()],
        |row| Ok((row.string(0)?, row.int(1)?)),
    )
}

/// Ends a day of a domain, in the transaction of its report; tells whether nobody else had ended it. What was counted goes.
pub fn close(tx: &mut dyn Tx, day: i64, domain: &str, now: i64) -> Result<bool, StoreError> {
    let closed = tx.execute(
        "UPDATE dmarc_seen_domains SET closed_at = $3 WHERE day = $1 AND domain = $2 AND closed_at IS NULL",
        &[day.into(), domain.into(), now.into()],
    )?;
    tx.execute(
        "DELETE FROM dmarc_seen_rows WHERE day = $1 AND domain = $2",
        &[day.into(), domain.into()],
    )?;
    Ok(closed > 0)
}

/// Lets a day of a domain wait until `due_at` (Unix seconds).
pub fn postpone(tx: &mut dyn Tx, day: i64, domain: &str, due_at: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dmarc_seen_domains SET due_at = $3 WHERE day = $1 AND domain = $2",
        &[day.into(), domain.into(), due_at.into()],
    )?;
    Ok(())
}

/// Removes up to `limit` domains, and as many rows, of days before `day`.
pub fn expire(tx: &mut dyn Tx, day: i64, limit: i64) -> Result<u64, StoreError> {
    let mut removed = 0;
    for sql in [
        "DELETE FROM dmarc_seen_domains WHERE (day, domain) IN
           (SELECT day, domain FROM dmarc_seen_domains WHERE day < $1 ORDER BY day, domain LIMIT $2)",
        "DELETE FROM dmarc_seen_rows WHERE (day, domain, digest) IN
           (SELECT day, domain, digest FROM dmarc_seen_rows WHERE day < $1 ORDER BY day, domain, digest LIMIT $2)",
    ] {
        removed = removed.max(tx.execute(sql, &[day.into(), limit.into()])?);
    }
    Ok(removed)
}
