//! Groupings of accounts by their domains that are not done yet, and how far they came.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;

/// A grouping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Its key.
    pub id: Key,
    /// Whose accounts are grouped.
    pub application: Key,
    /// Which of them: JSON.
    pub wish: String,
    /// The last account that was looked at; below all of them at first.
    pub behind: Key,
}

/// Notes what is to be done.
pub fn insert(tx: &mut dyn Tx, grouping: &Grouping) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO groupings (id, application_id, wish, behind) VALUES ($1, $2, $3, $4)",
        &[
            grouping.id.into(),
            grouping.application.into(),
            (&grouping.wish).into(),
            grouping.behind.into(),
        ],
    )?;
    Ok(())
}

/// Returns a grouping for this transaction alone to go on with; one that somebody else goes on with is waited for.
pub fn take(tx: &mut dyn Tx, id: Key) -> Result<Option<Grouping>, StoreError> {
    let lock = tx.dialect().lock_rows();
    let sql =
        format!("SELECT id, application_id, wish, behind FROM groupings WHERE id = $1 {lock}");
    tx.query_opt(&sql, &[id.into()], |row| {
        Ok(Grouping {
            id: row.key(0)?,
            application: row.key(1)?,
            wish: row.string(2)?,
            behind: row.key(3)?,
        })
    })
}

/// Returns the oldest groupings that are not done.
pub fn oldest(tx: &mut dyn Tx, limit: i64) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "SELECT id FROM groupings ORDER BY id LIMIT $1",
        &[limit.into()],
        |row| row.key(0),
    )
}

/// Notes how far a grouping came.
pub fn pass(tx: &mut dyn Tx, id: Key, behind: Key) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE groupings SET behind = $2 WHERE id = $1",
        &[id.into(), behind.into()],
    )?;
    Ok(())
}

/// Removes a grouping that is done.
pub fn finish(tx: &mut dyn Tx, id: Key) -> Result<(), StoreError> {
    tx.execute("DELETE FROM groupings WHERE id = $1", &[id.into()])?;
    Ok(())
}
