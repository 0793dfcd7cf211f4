//! Applications: the tenants of the server.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

const COLUMNS: &str =
    "id, name, region, environment, default_workspace_id, settings, created_at, updated_at";

/// An application as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its key.
    pub id: Key,
    /// Its name, which is also the name of its branding.
    pub name: String,
    /// `us` or `eu`.
    pub region: String,
    /// `production` or `staging`.
    pub environment: String,
    /// The workspace of accounts that no other one claims.
    pub default_workspace: Key,
    /// What is stored and shown but has no effect, as versioned JSON.
    pub settings: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Adds an application.
pub fn insert(tx: &mut dyn Tx, application: &Application) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO applications (id, name, region, environment, default_workspace_id, settings, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            application.id.into(),
            (&application.name).into(),
            (&application.region).into(),
            (&application.environment).into(),
            application.default_workspace.into(),
            (&application.settings).into(),
            application.created_at.into(),
            application.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns an application.
pub fn find(tx: &mut dyn Tx, id: Key) -> Result<Option<Application>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM applications WHERE id = $1");
    tx.query_opt(&sql, &[id.into()], read)
}

/// Lets one transaction at a time count what an application has, until it ends.
pub fn lock(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT id FROM applications WHERE id = $1 {}",
        tx.dialect().lock_rows()
    );
    tx.query_opt(&sql, &[id.into()], |row| row.key(0))?;
    Ok(())
}

/// Returns the oldest application: the one that the first start made.
pub fn oldest(tx: &mut dyn Tx) -> Result<Option<Application>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM applications ORDER BY id LIMIT 1");
    tx.query_opt(&sql, &[], read)
}

/// Returns all applications, oldest first.
pub fn all(tx: &mut dyn Tx) -> Result<Vec<Application>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM applications ORDER BY id");
    tx.query(&sql, &[], read)
}

/// Replaces what an update may change.
pub fn update(
    tx: &mut dyn Tx,
    id: Key,
    name: &str,
    settings: &str,
    updated_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE applications SET name = $2, settings = $3, updated_at = $4 WHERE id = $1",
        &[id.into(), name.into(), settings.into(), updated_at.into()],
    )?;
    Ok(())
}

/// Removes an application that has no accounts, with everything it owns.
pub fn delete(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    const OWNED: [&str; 20] = [
        "INSERT INTO deleted_lists (list_id) SELECT id FROM lists WHERE application_id = $1",
        "DELETE FROM lists WHERE application_id = $1",
        "DELETE FROM rules WHERE application_id = $1",
        "DELETE FROM policies WHERE application_id = $1",
        "DELETE FROM usage_months WHERE application_id = $1",
        "DELETE FROM send_pools WHERE application_id = $1",
        "DELETE FROM suppressions WHERE application_id = $1",
        "DELETE FROM dispatched WHERE application_id = $1",
        "DELETE FROM reputation_events WHERE application_id = $1",
        "DELETE FROM reputation_shares WHERE application_id = $1",
        "DELETE FROM reputation WHERE application_id = $1",
        "DELETE FROM pauses WHERE application_id = $1",
        "DELETE FROM webhook_deliveries WHERE application_id = $1",
        "DELETE FROM webhooks WHERE application_id = $1",
        "DELETE FROM domains WHERE application_id = $1",
        "DELETE FROM callback_uris WHERE application_id = $1",
        "DELETE FROM api_keys WHERE application_id = $1",
        "DELETE FROM connectors WHERE application_id = $1",
        "DELETE FROM workspaces WHERE application_id = $1",
        "DELETE FROM idempotency WHERE application_id = $1",
    ];
    for sql in OWNED {
        tx.execute(sql, &[id.into()])?;
    }
    tx.execute("DELETE FROM applications WHERE id = $1", &[Param::from(id)])?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<Application, StoreError> {
    Ok(Application {
        id: row.key(0)?,
        name: row.string(1)?,
        region: row.string(2)?,
        environment: row.string(3)?,
        default_workspace: row.key(4)?,
        settings: row.string(5)?,
        created_at: row.int(6)?,
        updated_at: row.int(7)?,
    })
}
