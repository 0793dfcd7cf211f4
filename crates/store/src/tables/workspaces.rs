//! Workspaces: groups of accounts that policies and rules apply to.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

const COLUMNS: &str =
    "id, application_id, name, domain, auto_group, is_default, created_at, updated_at";

/// A workspace as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its key.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// A name for people.
    pub name: String,
    /// The domain whose accounts it is for, as A-labels; unique within the application.
    pub domain: Option<String>,
    /// New accounts of the domain go here.
    pub auto_group: bool,
    /// The one that the application cannot be without.
    pub is_default: bool,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Adds a workspace; [`StoreError::Conflict`] when another one of the application has its domain.
pub fn insert(tx: &mut dyn Tx, workspace: &Workspace) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO workspaces (id, application_id, name, domain, auto_group, is_default, policy_id, rule_ids,
           created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, NULL, '[]', $7, $8)",
        &[
            workspace.id.into(),
            workspace.application.into(),
            (&workspace.name).into(),
            workspace.domain.as_ref().into(),
            workspace.auto_group.into(),
            workspace.is_default.into(),
            workspace.created_at.into(),
            workspace.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns a workspace of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns an application's workspace for a domain.
pub fn by_domain(
    tx: &mut dyn Tx,
    application: Key,
    domain: &str,
) -> Result<Option<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE application_id = $1 AND domain = $2");
    tx.query_opt(&sql, &[application.into(), domain.into()], read)
}

/// Returns all workspaces of an application, oldest first.
pub fn of_application(tx: &mut dyn Tx, application: Key) -> Result<Vec<Workspace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE application_id = $1 ORDER BY id");
    tx.query(&sql, &[application.into()], read)
}

/// Returns the workspace that a new account of a domain goes to: the one that groups the domain, else the default one.
pub fn for_domain(
    tx: &mut dyn Tx,
    application: Key,
    domain: &str,
) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT COALESCE(
           (SELECT w.id FROM workspaces w WHERE w.application_id = a.id AND w.domain = $2 AND w.auto_group = 1),
           a.default_workspace_id) FROM applications a WHERE a.id = $1",
        &[application.into(), domain.into()],
        |row| row.key(0),
    )
}

/// Returns an application's default workspace.
pub fn default_of(tx: &mut dyn Tx, application: Key) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT default_workspace_id FROM applications WHERE id = $1",
        &[application.into()],
        |row| row.key(0),
    )
}

/// Replaces a workspace's name and grouping.
pub fn update(
    tx: &mut dyn Tx,
    id: Key,
    name: &str,
    auto_group: bool,
    updated_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE workspaces SET name = $2, auto_group = $3, updated_at = $4 WHERE id = $1",
        &[id.into(), name.into(), auto_group.into(), updated_at.into()],
    )?;
    Ok(())
}

/// Removes a workspace that has no accounts any more.
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM workspaces WHERE application_id = $1 AND id = $2 AND is_default = 0",
        &[application.into(), Param::from(id)],
    )?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: row.key(0)?,
        application: row.key(1)?,
        name: row.string(2)?,
        domain: row.opt_string(3)?,
        auto_group: row.flag(4)?,
        is_default: row.flag(5)?,
        created_at: row.int(6)?,
        updated_at: row.int(7)?,
    })
}
