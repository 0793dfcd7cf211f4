//! Policies: what the accounts of workspaces may send, receive and keep.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

const COLUMNS: &str = "id, application_id, document, created_at, updated_at";

/// A policy as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its key.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// What somebody wrote: a JSON object.
    pub document: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Adds a policy.
pub fn insert(tx: &mut dyn Tx, policy: &PolicyRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO policies (id, application_id, document, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            policy.id.into(),
            policy.application.into(),
            (&policy.document).into(),
            policy.created_at.into(),
            policy.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns a policy of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<PolicyRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policies WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns a policy that no other transaction changes or deletes until this one ends.
pub fn lock(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<PolicyRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM policies WHERE application_id = $1 AND id = $2 {}",
        tx.dialect().lock_rows()
    );
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Keeps a policy from being deleted until the transaction ends, and returns it.
pub fn hold(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<PolicyRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM policies WHERE application_id = $1 AND id = $2 {}",
        tx.dialect().hold_row()
    );
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns the policy of a workspace.
pub fn of_workspace(
    tx: &mut dyn Tx,
    application: Key,
    workspace: Key,
) -> Result<Option<PolicyRow>, StoreError> {
    let columns = COLUMNS
        .split(", ")
        .map(|column| format!("p.{column}"))
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!(
        "SELECT {columns} FROM workspaces w JOIN policies p ON p.id = w.policy_id
         WHERE w.application_id = $1 AND w.id = $2"
    );
    tx.query_opt(&sql, &[application.into(), workspace.into()], read)
}

/// Returns some policies of an application, newest first, behind the one named.
pub fn list(
    tx: &mut dyn Tx,
    application: Key,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<PolicyRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM policies WHERE application_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let behind = behind.unwrap_or(Key(i64::MAX));
    tx.query(
        &sql,
        &[application.into(), behind.into(), limit.into()],
        read,
    )
}

/// Replaces what a policy says.
pub fn update(tx: &mut dyn Tx, id: Key, document: &str, updated_at: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE policies SET document = $2, updated_at = $3 WHERE id = $1",
        &[id.into(), document.into(), updated_at.into()],
    )?;
    Ok(())
}

/// Removes a policy; tells whether it was there.
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let deleted = tx.execute(
        "DELETE FROM policies WHERE application_id = $1 AND id = $2",
        &[application.into(), id.into()],
    )?;
    Ok(deleted > 0)
}

/// Returns some workspaces that a policy governs, lowest key first, behind the one named.
pub fn workspaces_under(
    tx: &mut dyn Tx,
    policy: Key,
    behind: Key,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "SELECT id FROM workspaces WHERE policy_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[policy.into(), behind.into(), limit.into()],
        |row| row.key(0),
    )
}

/// Takes a policy from all workspaces that it governs.
pub fn detach(tx: &mut dyn Tx, policy: Key, now: i64) -> Result<u64, StoreError> {
    tx.note_governance();
    tx.execute(
        "UPDATE workspaces SET policy_id = NULL, governance_version = governance_version + 1, updated_at = $2
         WHERE policy_id = $1",
        &[policy.into(), now.into()],
    )
}

fn read(row: &dyn Row) -> Result<PolicyRow, StoreError> {
    Ok(PolicyRow {
        id: row.key(0)?,
        application: row.key(1)?,
        document: row.string(2)?,
        created_at: row.int(3)?,
        updated_at: row.int(4)?,
    })
}
