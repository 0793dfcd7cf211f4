//! MTA-STS policies of other domains, as they were fetched.

use crate::StoreError;
use crate::sql::Tx;

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// The id that announced it.
    pub id: String,
    /// The document.
    pub document: String,
    /// Unix seconds.
    pub fetched_at: i64,
}

/// Returns what was kept for a domain.
pub fn find(tx: &mut dyn Tx, domain: &str) -> Result<Option<PolicyRow>, StoreError> {
    tx.query_opt(
        "SELECT policy_id, document, fetched_at FROM mta_sts_policies WHERE domain = $1",
        &[domain.into()],
        |row| {
            Ok(PolicyRow {
                id: row.string(0)?,
                document: row.string(1)?,
                fetched_at: row.int(2)?,
            })
        },
    )
}

/// Keeps a policy in place of an older one.
pub fn keep(tx: &mut dyn Tx, domain: &str, policy: &PolicyRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mta_sts_policies (domain, policy_id, document, fetched_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, document = excluded.document,
           fetched_at = excluded.fetched_at",
        &[
            domain.into(),
            (&policy.id).into(),
            (&policy.document).into(),
            policy.fetched_at.into(),
        ],
    )?;
    Ok(())
}
