//! What the last look into DNS found, for each kind of record of each domain.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// The record is absent or not visible yet.
    Pending,
    /// The record is as it should be.
    Done,
    /// There is another record in its place.
    Failed,
}

impl CheckStatus {
    /// Returns the status as the API spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn from_stored(name: &str) -> Result<Self, StoreError> {
        let all = [Self::Pending, Self::Done, Self::Failed];
        all.into_iter()
            .find(|status| status.name() == name)
            .ok_or_else(|| StoreError::Fault(format!("unknown status of a check: {name}")))
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainCheck {
    /// `ownership`, `mx`, `spf` …
    pub kind: String,
    /// How it came out.
    pub status: CheckStatus,
    /// What should be there.
    pub expected: String,
    /// What was there; empty for nothing.
    pub found: String,
    /// Both in words, for people.
    pub message: String,
    /// Unix seconds of the first check.
    pub created_at: i64,
    /// Unix seconds of this one.
    pub checked_at: i64,
    /// Unix seconds since which the record is missing although it was there; `None` while it is there, and once that has
    /// been held against the domain.
    pub failing_since: Option<i64>,
}

impl DomainCheck {
    /// Tells whether the record counts as found: it is there, or has not been missing for long.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.status == CheckStatus::Done || self.failing_since.is_some()
    }
}

/// Keeps an outcome in place of the one before; the time of the first check stays.
pub fn put(tx: &mut dyn Tx, domain: Key, check: &DomainCheck) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO domain_checks (domain_id, kind, status, expected, found, message, created_at, checked_at,
           failing_since)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (domain_id, kind) DO UPDATE SET status = excluded.status, expected = excluded.expected,
           found = excluded.found, message = excluded.message, checked_at = excluded.checked_at,
           failing_since = excluded.failing_since",
        &[
            domain.into(),
            (&check.kind).into(),
            check.status.name().into(),
            (&check.expected).into(),
            (&check.found).into(),
            (&check.message).into(),
            check.created_at.into(),
            check.checked_at.into(),
            check.failing_since.into(),
        ],
    )?;
    Ok(())
}

/// Returns the last outcome of each kind that a domain was checked for.
pub fn of_domain(tx: &mut dyn Tx, domain: Key) -> Result<Vec<DomainCheck>, StoreError> {
    tx.query(
        "SELECT kind, status, expected, found, message, created_at, checked_at, failing_since FROM domain_checks
         WHERE domain_id = $1 ORDER BY kind",
        &[domain.into()],
        read,
    )
}

/// Returns up to `limit` pairs of a domain and a kind that counts as found and was last looked at before `before`, the
/// longest ago first.
pub fn due(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<Vec<(Key, String)>, StoreError> {
    tx.query(
        "SELECT domain_id, kind FROM domain_checks
         WHERE checked_at < $1 AND (status = 'done' OR failing_since IS NOT NULL)
         ORDER BY checked_at, domain_id, kind LIMIT $2",
        &[before.into(), limit.into()],
        |row| Ok((row.key(0)?, row.string(1)?)),
    )
}

/// Removes all outcomes of a domain.
pub fn delete_of_domain(tx: &mut dyn Tx, domain: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM domain_checks WHERE domain_id = $1",
        &[domain.into()],
    )?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<DomainCheck, StoreError> {
    Ok(DomainCheck {
        kind: row.string(0)?,
        status: CheckStatus::from_stored(row.text(1)?)?,
        expected: row.string(2)?,
        found: row.string(3)?,
        message: row.string(4)?,
        created_at: row.int(5)?,
        checked_at: row.int(6)?,
        failing_since: row.opt_int(7)?,
    })
}
