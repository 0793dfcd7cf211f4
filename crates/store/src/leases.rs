//! Leases: names that one process holds at a time, for work that must not be done twice.
//!
//! A holder that dies loses nothing: its lease runs out and another process takes it, with a higher fencing token.

use crate::StoreError;
use crate::sql::Tx;

/// A lease in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is held.
    pub name: String,
    /// Who holds it: unique per process start.
    pub holder: String,
    /// Grows with every new holder; effects carry it, so that a holder who slept past its lease changes nothing.
    pub token: i64,
}

/// Takes a lease, or renews one that `holder` has; `None` while somebody else holds it.
pub fn acquire(
    tx: &mut dyn Tx,
    name: &str,
    holder: &str,
    now_us: i64,
    until_us: i64,
) -> Result<Option<Lease>, StoreError> {
    let token = tx.query_opt(
        "INSERT INTO leases (name, holder, token, until_us) VALUES ($1, $2, 1, $4)
         ON CONFLICT (name) DO UPDATE SET
           token = CASE WHEN leases.holder = excluded.holder THEN leases.token ELSE leases.token + 1 END,
           holder = excluded.holder, until_us = excluded.until_us
         WHERE leases.holder = excluded.holder OR leases.until_us < $3
         RETURNING token",
        &[name.into(), holder.into(), now_us.into(), until_us.into()],
        |row| row.int(0),
    )?;
    Ok(token.map(|token| Lease {
        name: name.to_owned(),
        holder: holder.to_owned(),
        token,
    }))
}

/// Tells whether a lease is still the newest of its name; to be asked in the transaction of the effect it guards.
pub fn is_current(tx: &mut dyn Tx, lease: &Lease) -> Result<bool, StoreError> {
    let token = tx.query_opt(
        "SELECT token FROM leases WHERE name = $1",
        &[(&lease.name).into()],
        |row| row.int(0),
    )?;
    Ok(token == Some(lease.token))
}

/// Gives a lease back before it runs out.
pub fn release(tx: &mut dyn Tx, lease: &Lease) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE leases SET until_us = 0 WHERE name = $1 AND holder = $2 AND token = $3",
        &[
            (&lease.name).into(),
            (&lease.holder).into(),
            lease.token.into(),
        ],
    )?;
    Ok(())
}
