//! API keys: the digest of each, and what it may do.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

const COLUMNS: &str =
    "id, application_id, name, digest, prefix, read_only, admin, scope_type, scope_id, expires_at,
    revoked_at, last_used_at, created_at, updated_at";

/// SHA-256 of a whole key.
pub type KeyDigest = [u8; 32];

/// What a key may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// Its application.
    Application,
    /// One workspace.
    Workspace(Key),
    /// One account.
    Grant(Key),
}

/// An API key as the store keeps it: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its row.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// A name for people.
    pub name: String,
    /// SHA-256 of the key.
    pub digest: KeyDigest,
    /// The first characters, for people to tell keys apart.
    pub prefix: String,
    /// May read only.
    pub read_only: bool,
    /// Has the operator's permission.
    pub admin: bool,
    /// What it may reach.
    pub scope: KeyScope,
    /// Unix seconds from which it is refused.
    pub expires_at: Option<i64>,
    /// Unix seconds since when it is revoked.
    pub revoked_at: Option<i64>,
    /// Unix seconds, exact to about a minute.
    pub last_used_at: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Adds a key.
pub fn insert(tx: &mut dyn Tx, key: &ApiKey) -> Result<(), StoreError> {
    let (scope_type, scope_id) = match key.scope {
        KeyScope::Application => ("application", key.application),
        KeyScope::Workspace(workspace) => ("workspace", workspace),
        KeyScope::Grant(grant) => ("grant", grant),
    };
    tx.execute(
        "INSERT INTO api_keys (id, application_id, name, digest, prefix, read_only, admin, scope_type, scope_id,
           expires_at, revoked_at, last_used_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            key.id.into(),
            key.application.into(),
            (&key.name).into(),
            Param::Bytes(&key.digest),
            (&key.prefix).into(),
            key.read_only.into(),
            key.admin.into(),
            scope_type.into(),
            scope_id.into(),
            key.expires_at.into(),
            key.revoked_at.into(),
            key.last_used_at.into(),
            key.created_at.into(),
            key.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns the key with this digest, of whatever application.
pub fn by_digest(tx: &mut dyn Tx, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE digest = $1");
    tx.query_opt(&sql, &[Param::Bytes(digest)], read)
}

/// Returns a key of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns all keys of an application, oldest first, revoked ones too.
pub fn of_application(tx: &mut dyn Tx, application: Key) -> Result<Vec<ApiKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE application_id = $1 ORDER BY id");
    tx.query(&sql, &[application.into()], read)
}

/// Revokes a key that is not revoked yet.
pub fn revoke(tx: &mut dyn Tx, id: Key, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_keys SET revoked_at = $2, updated_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[id.into(), now.into()],
    )?;
    Ok(())
}

/// Notes that a key was used.
pub fn touch(tx: &mut dyn Tx, id: Key, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
        &[id.into(), now.into()],
    )?;
    Ok(())
}

/// Which keys are about to go, when the question is whether an operator's key remains.
#[derive(Debug, Clone, Copy)]
pub enum Leaving {
    /// One key.
    Key(Key),
    /// All keys of an application.
    Application(Key),
}

/// Tells whether an operator's key that works at `now` remains on the server.
pub fn admin_remains(tx: &mut dyn Tx, leaving: Leaving, now: i64) -> Result<bool, StoreError> {
    let (column, gone) = match leaving {
        Leaving::Key(key) => ("id", key),
        Leaving::Application(application) => ("application_id", application),
    };
    let sql = format!(
        "SELECT id FROM api_keys WHERE admin = 1 AND revoked_at IS NULL AND {column} <> $1
         AND (expires_at IS NULL OR expires_at > $2) LIMIT 1"
    );
    let found = tx.query_opt(&sql, &[gone.into(), now.into()], |_| Ok(()))?;
    Ok(found.is_some())
}

fn read(row: &dyn Row) -> Result<ApiKey, StoreError> {
    let digest = KeyDigest::try_from(row.bytes(3)?)
        .map_err(|_| StoreError::Fault("a key's digest has the wrong length".to_owned()))?;
    let scope = match row.text(7)? {
        "application" => KeyScope::Application,
        "workspace" => KeyScope::Workspace(row.key(8)?),
        "grant" => KeyScope::Grant(row.key(8)?),
        other => {
            return Err(StoreError::Fault(format!(
                "a key has the unknown scope {other}"
            )));
        }
    };
    Ok(ApiKey {
        id: row.key(0)?,
        application: row.key(1)?,
        name: row.string(2)?,
        digest,
        prefix: row.string(4)?,
        read_only: row.flag(5)?,
        admin: row.flag(6)?,
        scope,
        expires_at: row.opt_int(9)?,
        revoked_at: row.opt_int(10)?,
        last_used_at: row.opt_int(11)?,
        created_at: row.int(12)?,
        updated_at: row.int(13)?,
    })
}
