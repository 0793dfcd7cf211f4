//! Rules: what becomes of messages, as clients wrote it down.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

const COLUMNS: &str = "id, application_id, document, created_at, updated_at";

/// A rule as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRule {
    /// Its key.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// What clients write, as JSON.
    pub document: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Adds a rule.
pub fn insert(tx: &mut dyn Tx, rule: &StoredRule) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO rules (id, application_id, document, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            rule.id.into(),
            rule.application.into(),
            (&rule.document).into(),
            rule.created_at.into(),
            rule.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns a rule of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<StoredRule>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rules WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns a rule of an application, for this transaction alone to change.
pub fn lock(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<StoredRule>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rules WHERE application_id = $1 AND id = $2 {}",
        tx.dialect().lock_rows()
    );
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Keeps a rule from being deleted until the transaction ends; tells whether it is there.
pub fn hold(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT id FROM rules WHERE application_id = $1 AND id = $2 {}",
        tx.dialect().hold_row()
    );
    let found = tx.query_opt(&sql, &[application.into(), id.into()], |row| row.key(0))?;
    Ok(found.is_some())
}

/// Returns those of an application's rules that have one of the keys; the caller bounds how many those are.
pub fn of_keys(
    tx: &mut dyn Tx,
    application: Key,
    ids: &[Key],
) -> Result<Vec<StoredRule>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM rules WHERE application_id = $1 AND id IN ({})",
        placeholders(2, ids.len())
    );
    let mut params: Vec<Param<'_>> = vec![application.into()];
    params.extend(ids.iter().map(|id| Param::from(*id)));
    tx.query(&sql, &params, read)
}

/// Returns up to `limit` rules of an application, newest first, from behind `behind` on.
pub fn page(
    tx: &mut dyn Tx,
    application: Key,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<StoredRule>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rules WHERE application_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let behind = behind.unwrap_or(Key(i64::MAX));
    tx.query(
        &sql,
        &[application.into(), behind.into(), limit.into()],
        read,
    )
}

/// Returns how many rules an application has.
pub fn count(tx: &mut dyn Tx, application: Key) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM rules WHERE application_id = $1",
        &[application.into()],
        |row| row.int(0),
    )
}

/// Replaces what a rule says.
pub fn update(tx: &mut dyn Tx, id: Key, document: &str, updated_at: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE rules SET document = $2, updated_at = $3 WHERE id = $1",
        &[id.into(), document.into(), updated_at.into()],
    )?;
    Ok(())
}

/// Removes a rule; tells whether it was there.
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM rules WHERE application_id = $1 AND id = $2",
        &[application.into(), id.into()],
    )?;
    Ok(removed > 0)
}

fn read(row: &dyn Row) -> Result<StoredRule, StoreError> {
    Ok(StoredRule {
        id: row.key(0)?,
        application: row.key(1)?,
        document: row.string(2)?,
        created_at: row.int(3)?,
        updated_at: row.int(4)?,
    })
}
