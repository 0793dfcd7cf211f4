//! Keys with which the mail of domains is signed.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

const COLUMNS: &str =
    "id, domain_id, selector, algorithm, bits, private_key, record, state, created_at, verified_at,
    retired_at";

/// Whether a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Its record has not been found in DNS: it does not sign yet.
    Pending,
    /// It signs.
    Active,
    /// Another key has taken its place; what it has signed is still on its way.
    Retired,
}

impl KeyState {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    fn from_stored(name: &str) -> Result<Self, StoreError> {
        let all = [Self::Pending, Self::Active, Self::Retired];
        all.into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| StoreError::Fault(format!("unknown state of a DKIM key: {name}")))
    }
}

/// A key of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKeyRow {
    /// The row; the private half is encrypted for it.
    pub id: Key,
    /// Whose mail it signs.
    pub domain: Key,
    /// The name below `_domainkey` that its public half is published at.
    pub selector: String,
    /// `rsa-sha256` or `ed25519-sha256`.
    pub algorithm: String,
    /// Bits of an RSA modulus; 0 for Ed25519.
    pub bits: i64,
    /// PKCS #8, encrypted; empty once the key is retired.
    pub private_key: Vec<u8>,
    /// What is published.
    pub record: String,
    /// Whether it signs.
    pub state: KeyState,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds at which its record was found first.
    pub verified_at: Option<i64>,
    /// Unix seconds at which it stopped to sign.
    pub retired_at: Option<i64>,
}

/// Adds a key; tells whether the domain had none with its selector.
pub fn insert(tx: &mut dyn Tx, key: &DkimKeyRow) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO dkim_keys (id, domain_id, selector, algorithm, bits, private_key, record, state, created_at,
           verified_at, retired_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (domain_id, selector) DO NOTHING",
        &[
            key.id.into(),
            key.domain.into(),
            (&key.selector).into(),
            (&key.algorithm).into(),
            key.bits.into(),
            key.private_key.as_slice().into(),
            (&key.record).into(),
            key.state.name().into(),
            key.created_at.into(),
            key.verified_at.into(),
            key.retired_at.into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Returns the keys of a domain, oldest first.
pub fn of_domain(tx: &mut dyn Tx, domain: Key) -> Result<Vec<DkimKeyRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM dkim_keys WHERE domain_id = $1 ORDER BY id");
    tx.query(&sql, &[domain.into()], read)
}

/// Lets a key sign.
pub fn activate(tx: &mut dyn Tx, id: Key, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dkim_keys SET state = 'active', verified_at = COALESCE(verified_at, $2)
         WHERE id = $1 AND state = 'pending'",
        &[id.into(), now.into()],
    )?;
    Ok(())
}

/// Stops a key from signing until its record is found again.
pub fn suspend(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dkim_keys SET state = 'pending' WHERE id = $1 AND state = 'active'",
        &[id.into()],
    )?;
    Ok(())
}

/// Ends a key's signing for good and forgets its private half.
pub fn retire(tx: &mut dyn Tx, id: Key, now: i64) -> Result<(), StoreError> {
    let nothing: &[u8] = &[];
    tx.execute(
        "UPDATE dkim_keys SET state = 'retired', retired_at = $2, private_key = $3 WHERE id = $1",
        &[id.into(), now.into(), nothing.into()],
    )?;
    Ok(())
}

/// Removes a key that nobody has published.
pub fn delete(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    tx.execute("DELETE FROM dkim_keys WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Removes all keys of a domain.
pub fn delete_of_domain(tx: &mut dyn Tx, domain: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM dkim_keys WHERE domain_id = $1",
        &[domain.into()],
    )?;
    Ok(())
}

fn read(row: &dyn Row) -> Result<DkimKeyRow, StoreError> {
    Ok(DkimKeyRow {
        id: row.key(0)?,
        domain: row.key(1)?,
        selector: row.string(2)?,
        algorithm: row.string(3)?,
        bits: row.int(4)?,
        private_key: row.bytes(5)?.to_vec(),
        record: row.string(6)?,
        state: KeyState::from_stored(row.text(7)?)?,
        created_at: row.int(8)?,
        verified_at: row.opt_int(9)?,
        retired_at: row.opt_int(10)?,
    })
}
