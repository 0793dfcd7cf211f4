//! Numbered, forward-only migrations: one text for both engines, expanded by [`Dialect::ddl`].

use crate::engine::Dialect;
use crate::sql::Tx;
use crate::{Param, StoreError};

/// The migrations in order; a migration's number is its place, counted from 1, and never changes.
const MIGRATIONS: &[(&str, &str)] = &[
    ("ground floor", include_str!("0001_ground_floor.sql")),
    ("long texts", include_str!("0002_long_texts.sql")),
    ("whole mailbox", include_str!("0003_whole_mailbox.sql")),
    ("drafts", include_str!("0004_drafts.sql")),
    ("schedules", include_str!("0005_schedules.sql")),
    ("flags", include_str!("0006_flags.sql")),
    ("search index apart", include_str!("0007_search.sql")),
    ("tracked", include_str!("0008_tracked.sql")),
    ("threads from the index", include_str!("0009_threads.sql")),
    ("narrow search rows", include_str!("0010_search_rows.sql")),
    ("domains", include_str!("0011_domains.sql")),
    ("delivery", include_str!("0012_delivery.sql")),
    ("consequences", include_str!("0013_consequences.sql")),
    ("certificates", include_str!("0014_certificates.sql")),
    ("verdicts", include_str!("0015_verdicts.sql")),
    ("send pools", include_str!("0016_send_pools.sql")),
    ("local senders", include_str!("0017_local_senders.sql")),
    ("audit", include_str!("0018_audit.sql")),
    ("policies", include_str!("0019_policies.sql")),
    ("rules", include_str!("0020_rules.sql")),
    ("return paths", include_str!("0021_return_paths.sql")),
    ("spam", include_str!("0022_spam.sql")),
    ("holds", include_str!("0023_holds.sql")),
    ("replies", include_str!("0024_replies.sql")),
    ("reviews", include_str!("0025_reviews.sql")),
    ("ways out", include_str!("0026_ways_out.sql")),
    ("dmarc seen", include_str!("0027_dmarc_seen.sql")),
    ("given back", include_str!("0028_given_back.sql")),
    ("uncertain", include_str!("0029_uncertain.sql")),
    ("groupings", include_str!("0030_groupings.sql")),
];

/// Brings the schema to this release's version, in one transaction.
///
/// # Errors
/// [`StoreError::Refused`] when a newer release has migrated the store.
pub fn migrate(tx: &mut dyn Tx) -> Result<(), StoreError> {
    Dialect::lock_schema(tx)?;
    tx.batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL);")?;
    let known = MIGRATIONS.len() as i64;
    let current = tx.query_one(
        "SELECT COALESCE(MAX(version), 0) FROM schema_version",
        &[],
        |row| row.int(0),
    )?;
    if current > known {
        return Err(StoreError::Refused(format!(
            "the store has schema version {current}, this release knows {known}: start a release at least as new as the one that wrote it"
        )));
    }
    for (number, (name, text)) in (1_i64..).zip(MIGRATIONS).skip(current as usize) {
        tx.batch(&tx.dialect().ddl(text))?;
        tx.execute(
            "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
            &[Param::Int(number), Param::Text(name)],
        )?;
        tracing::info!(schema.version = number, "migrated the store: {name}");
    }
    Ok(())
}

/// Returns all migrations as SQLite takes them, for tests of single statements.
#[cfg(test)]
pub(crate) fn sqlite_schema() -> String {
    let texts = MIGRATIONS.iter().map(|(_, text)| Dialect::Sqlite.ddl(text));
    texts.collect()
}

/// Returns how SQLite would run a statement on an empty store, a step a line: what plan tests look at.
#[cfg(test)]
pub(crate) fn sqlite_plan(sql: &str) -> String {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(&sqlite_schema()).unwrap();
    let mut statement = database
        .prepare(&format!("EXPLAIN QUERY PLAN {}", sql.replace('$', "?")))
        .unwrap();
    let steps = statement
        .raw_query()
        .mapped(|row| row.get::<_, String>(3))
        .collect::<Result<Vec<_>, _>>();
    steps.unwrap().join("\n")
}
