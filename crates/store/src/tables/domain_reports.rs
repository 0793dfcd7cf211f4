//! Aggregate reports that receivers sent about domains.

use posthouse_types::ids::Key;

use crate::sql::Tx;
use crate::{Param, StoreError};

/// What a report is about. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum ReportKind {
    /// Who sent in the domain's name, as receivers judged it (RFC 7489).
    Dmarc = 1,
    /// How TLS to the domain's mail hosts went (RFC 8460).
    Tls = 2,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainReport {
    /// Its key.
    pub id: Key,
    /// The domain, as A-labels.
    pub domain: String,
    /// What it is about.
    pub kind: ReportKind,
    /// Who made it.
    pub organization: String,
    /// What its maker calls it.
    pub report_id: String,
    /// Unix seconds.
    pub begins_at: i64,
    /// Unix seconds.
    pub ends_at: i64,
    /// Unix seconds.
    pub received_at: i64,
    /// What it says, as JSON.
    pub document: String,
}

/// Keeps a report unless it is here already; tells whether it was new.
pub fn insert(tx: &mut dyn Tx, report: &DomainReport) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO domain_reports (id, domain, kind, organization, report_id, begins_at, ends_at, received_at, document)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (domain, kind, organization, report_id) DO NOTHING",
        &[
            report.id.into(),
            (&report.domain).into(),
            Param::Int(report.kind as i64),
            (&report.organization).into(),
            (&report.report_id).into(),
            report.begins_at.into(),
            report.ends_at.into(),
            report.received_at.into(),
            (&report.document).into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Returns how many reports about a domain came at or after a key was made; counts up to `most`.
pub fn count_since(
    tx: &mut dyn Tx,
    domain: &str,
    kind: ReportKind,
    since: Key,
    most: i64,
) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT COUNT(*) FROM (SELECT id FROM domain_reports
           WHERE domain = $1 AND kind = $2 AND id >= $3 LIMIT $4) AS recent",
        &[
            domain.into(),
            Param::Int(kind as i64),
            since.into(),
            most.into(),
        ],
        |row| row.int(0),
    )
}

/// Returns up to `limit` reports about a domain that came before `behind`, newest first.
pub fn list(
    tx: &mut dyn Tx,
    domain: &str,
    kind: ReportKind,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<DomainReport>, StoreError> {
    let behind = behind.map_or(i64::MAX, |key| key.0);
    tx.query(
        "SELECT id, domain, organization, report_id, begins_at, ends_at, received_at, document
         FROM domain_reports WHERE domain = $1 AND kind = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        &[
            domain.into(),
            Param::Int(kind as i64),
            behind.into(),
            limit.into(),
        ],
        |row| {
            Ok(DomainReport {
                id: row.key(0)?,
                domain: row.string(1)?,
                kind,
                organization: row.string(2)?,
                report_id: row.string(3)?,
                begins_at: row.int(4)?,
                ends_at: row.int(5)?,
                received_at: row.int(6)?,
                document: row.string(7)?,
            })
        },
    )
}

/// Removes up to `limit` reports that came before a key was made.
pub fn expire(tx: &mut dyn Tx, oldest: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM domain_reports WHERE id IN
           (SELECT id FROM domain_reports WHERE id < $1 ORDER BY id LIMIT $2)",
        &[oldest.into(), limit.into()],
    )
}
