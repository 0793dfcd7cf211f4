//! Whom an account knows: its own domain, and those of its address book.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;

/// Returns the addresses of an account and of up to so many of its contacts, in no order; not every one is well-formed.
pub fn addresses(tx: &mut dyn Tx, grant: Key, limit: i64) -> Result<Vec<String>, StoreError> {
    let mut known = tx.query(
        "SELECT email FROM grants WHERE id = $1",
        &[grant.into()],
        |row| row.string(0),
    )?;
    let documents = tx.query(
        "SELECT document FROM contacts WHERE grant_id = $1 LIMIT $2",
        &[grant.into(), limit.into()],
        |row| row.string(0),
    )?;
    for document in documents {
        let contact: serde_json::Value = serde_json::from_str(&document).unwrap_or_default();
        let emails = contact["emails"].as_array().into_iter().flatten();
        known.extend(
            emails
                .filter_map(|email| email["email"].as_str())
                .map(str::to_owned),
        );
    }
    Ok(known)
}
