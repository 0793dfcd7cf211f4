//! Further addresses of accounts. An address is an account's or an alias, never both: whoever takes one looks for the
//! other in the same transaction, under [`lock_address`].

use std::hash::{DefaultHasher, Hash, Hasher};

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::engine::Dialect;
use crate::sql::Tx;

/// A further address of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Lower case.
    pub address: String,
    /// Whose it is.
    pub grant: Key,
    /// Unix seconds.
    pub created_at: i64,
}

/// Lets one transaction at a time take an address, until it ends. Must come before the transaction's first write.
pub fn lock_address(tx: &mut dyn Tx, address: &str) -> Result<(), StoreError> {
    let mut hasher = DefaultHasher::new();
    address.hash(&mut hasher);
    // Above all keys of mailboxes, which are times: two addresses that share a number only wait for each other.
    Dialect::lock_grant(tx, Key((hasher.finish() | 1 << 63).cast_signed()))
}

/// Adds an alias; tells whether no other account has it as one.
pub fn insert(tx: &mut dyn Tx, alias: &Alias) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO aliases (address, grant_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING",
        &[
            (&alias.address).into(),
            alias.grant.into(),
            alias.created_at.into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Returns the account that has an address as an alias.
pub fn owner(tx: &mut dyn Tx, address: &str) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT grant_id FROM aliases WHERE address = $1",
        &[address.into()],
        |row| row.key(0),
    )
}

/// Returns the aliases of an account, oldest first.
pub fn of_grant(tx: &mut dyn Tx, grant: Key) -> Result<Vec<Alias>, StoreError> {
    tx.query(
        "SELECT address, grant_id, created_at FROM aliases WHERE grant_id = $1 ORDER BY created_at, address",
        &[grant.into()],
        |row| {
            Ok(Alias {
                address: row.string(0)?,
                grant: row.key(1)?,
                created_at: row.int(2)?,
            })
        },
    )
}

/// Returns the domains at and below `domain` that aliases are at, each once.
pub fn domains_in_use(tx: &mut dyn Tx, domain: &str) -> Result<Vec<String>, StoreError> {
    let exact = format!("%@{}", crate::sql::like_escaped(domain));
    let below = format!("%.{}", crate::sql::like_escaped(domain));
    let addresses = tx.query(
        "SELECT address FROM aliases WHERE address LIKE $1 ESCAPE '\\' OR address LIKE $2 ESCAPE '\\'",
        &[(&exact).into(), (&below).into()],
        |row| row.string(0),
    )?;
    let mut domains: Vec<String> = addresses
        .iter()
        .filter_map(|address| Some(address.rsplit_once('@')?.1.to_owned()))
        .collect();
    domains.sort_unstable();
    domains.dedup();
    Ok(domains)
}

/// Removes an alias of an account; tells whether it had it.
pub fn delete(tx: &mut dyn Tx, grant: Key, address: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM aliases WHERE address = $1 AND grant_id = $2",
        &[address.into(), grant.into()],
    )?;
    Ok(removed > 0)
}

/// Removes all aliases of an account.
pub fn delete_of_grant(tx: &mut dyn Tx, grant: Key) -> Result<(), StoreError> {
    tx.execute("DELETE FROM aliases WHERE grant_id = $1", &[grant.into()])?;
    Ok(())
}
