//! Messages enter and leave the index; every function here runs in a transaction on the index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use posthouse_types::ids::Key;

use crate::engine::Dialect;
use crate::engine::full_text::Fields;
use crate::sql::Tx;
use crate::{Param, StoreError};

use super::matches::noting_damage;

/// A message as the index takes it; made before the transaction.
#[derive(Debug)]
pub struct Document {
    /// The message.
    pub message: Key,
    /// Its account.
    pub grant: Key,
    /// Its words.
    pub fields: Fields,
}

/// Makes messages findable, in place of what was known of them.
///
/// Must come in the order of keys: SQLite writes a stretch of its own whenever a key is smaller than the one before.
pub fn index(tx: &mut dyn Tx, documents: &[Document]) -> Result<(), StoreError> {
    let dialect = tx.dialect();
    let mut marks: HashMap<Key, String> = HashMap::new();
    for document in documents {
        let mark = match marks.entry(document.grant) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Dialect::mark_for_writing(tx, document.grant)?),
        };
        let columns = dialect.index_columns(mark, &document.fields);
        let mut params: Vec<Param<'_>> = vec![document.message.into(), document.grant.into()];
        params.extend(columns.iter().map(Param::from));
        tx.execute(dialect.index_message(), &params)?;
    }
    Ok(())
}

/// Tells whether a message is in the index.
pub fn is_indexed(tx: &mut dyn Tx, message: Key) -> Result<bool, StoreError> {
    let sql = tx.dialect().is_indexed();
    let found = tx.query_opt(sql, &[message.into()], |_| Ok(()));
    Ok(noting_damage(tx, found)?.is_some())
}

/// Takes messages out of the index; on PostgreSQL they went with their rows.
pub fn forget(tx: &mut dyn Tx, messages: &[Key]) -> Result<(), StoreError> {
    if tx.dialect().is_embedded() {
        for message in messages {
            tx.execute("DELETE FROM search WHERE rowid = $1", &[(*message).into()])?;
        }
    }
    Ok(())
}

/// Notes that an account is gone, and with it, step by step, everything it had.
pub fn forget_account(tx: &mut dyn Tx, grant: Key) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE search_accounts SET gone = 1 WHERE grant_id = $1",
        &[grant.into()],
    )?;
    Ok(())
}

/// Takes up to `limit` messages of accounts that are gone out of the index; tells whether there may be more.
pub fn forget_some(tx: &mut dyn Tx, limit: i64) -> Result<bool, StoreError> {
    let gone = tx.query_opt(
        "SELECT grant_id FROM search_accounts WHERE gone = 1 LIMIT 1",
        &[],
        |row| row.key(0),
    )?;
    let Some(grant) = gone else { return Ok(false) };
    let dialect = tx.dialect();
    if dialect.is_embedded()
        && let Some(mark) = Dialect::mark(tx, grant)?
    {
        let everything = dialect.every_message(&mark);
        let params = [
            Param::from(&everything),
            Param::Int(0),
            Param::Int(i64::MAX),
            limit.into(),
        ];
        let messages = tx.query(dialect.newest_matches(), &params, |row| row.key(0))?;
        forget(tx, &messages)?;
        if messages.len() as i64 == limit {
            return Ok(true);
        }
    }
    tx.execute(
        "DELETE FROM search_accounts WHERE grant_id = $1",
        &[grant.into()],
    )?;
    Ok(true)
}
