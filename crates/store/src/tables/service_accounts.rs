//! Service accounts: who signs requests of operators, and which numbers their requests have used up.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

const COLUMNS: &str = "id, kid, name, public_key, created_at, revoked_at, last_used_at";

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The row.
    pub id: Key,
    /// What requests name its key by.
    pub kid: String,
    /// A name for people.
    pub name: String,
    /// The public half of its key, as a SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds since which it is of no use any more.
    pub revoked_at: Option<i64>,
    /// Unix seconds of its last request, to the minute.
    pub last_used_at: Option<i64>,
}

/// Adds a service account.
pub fn insert(tx: &mut dyn Tx, account: &ServiceAccount) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO service_accounts (id, kid, name, public_key, created_at, revoked_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            account.id.into(),
            (&account.kid).into(),
            (&account.name).into(),
            account.public_key.as_slice().into(),
            account.created_at.into(),
            account.revoked_at.into(),
            account.last_used_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns the service account whose key has a name, revoked or not.
pub fn by_kid(tx: &mut dyn Tx, kid: &str) -> Result<Option<ServiceAccount>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM service_accounts WHERE kid = $1");
    tx.query_opt(&sql, &[kid.into()], read)
}

/// Returns up to `limit` service accounts, oldest first.
pub fn all(tx: &mut dyn Tx, limit: i64) -> Result<Vec<ServiceAccount>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM service_accounts ORDER BY id LIMIT $1");
    tx.query(&sql, &[limit.into()], read)
}

/// Ends a service account; tells whether it was of use until now.
pub fn revoke(tx: &mut dyn Tx, kid: &str, now: i64) -> Result<bool, StoreError> {
    let revoked = tx.execute(
        "UPDATE service_accounts SET revoked_at = $2 WHERE kid = $1 AND revoked_at IS NULL",
        &[kid.into(), now.into()],
    )?;
    Ok(revoked > 0)
}

/// Notes the use of a service account, unless that was done since `since`.
pub fn touch(tx: &mut dyn Tx, id: Key, now: i64, since: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE service_accounts SET last_used_at = $2
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)",
        &[id.into(), now.into(), since.into()],
    )?;
    Ok(())
}

/// Uses a number up until `expires_at`; tells whether it was unused.
pub fn use_nonce(
    tx: &mut dyn Tx,
    account: Key,
    nonce: &str,
    expires_at: i64,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO signing_nonces (service_account_id, nonce, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (service_account_id, nonce) DO NOTHING",
        &[account.into(), nonce.into(), expires_at.into()],
    )?;
    Ok(inserted > 0)
}

/// Forgets up to `limit` numbers whose time was over before `now`; returns how many.
pub fn expire_nonces(tx: &mut dyn Tx, now: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM signing_nonces WHERE (service_account_id, nonce) IN
           (SELECT service_account_id, nonce FROM signing_nonces WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        &[now.into(), limit.into()],
    )
}

fn read(row: &dyn Row) -> Result<ServiceAccount, StoreError> {
    Ok(ServiceAccount {
        id: row.key(0)?,
        kid: row.string(1)?,
        name: row.string(2)?,
        public_key: row.bytes(3)?.to_vec(),
        created_at: row.int(4)?,
        revoked_at: row.opt_int(5)?,
        last_used_at: row.opt_int(6)?,
    })
}
