//! Typed lists of addresses, domains and endings, and whether something is on them. A list may be long: it is never read
//! whole, and removed in steps.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

const COLUMNS: &str =
    "id, application_id, name, description, kind, items_count, created_at, updated_at";

/// Rows that one statement adds or asks for at most.
const STATEMENT_ROWS_MAX: usize = 200;

/// A list as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredList {
    /// Its key.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// A name for people.
    pub name: String,
    /// A text for people.
    pub description: Option<String>,
    /// The number of its type.
    pub kind: i64,
    /// How many items it has.
    pub items_count: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// Its key.
    pub id: Key,
    /// In the one spelling that is compared.
    pub value: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// Adds a list without items.
pub fn insert(tx: &mut dyn Tx, list: &StoredList) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO lists (id, application_id, name, description, kind, items_count, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6, $7)",
        &[
            list.id.into(),
            list.application.into(),
            (&list.name).into(),
            list.description.as_ref().into(),
            list.kind.into(),
            list.created_at.into(),
            list.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Returns a list of an application.
pub fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<StoredList>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM lists WHERE application_id = $1 AND id = $2");
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns a list of an application, for this transaction alone to change.
pub fn lock(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<StoredList>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lists WHERE application_id = $1 AND id = $2 {}",
        tx.dialect().lock_rows()
    );
    tx.query_opt(&sql, &[application.into(), id.into()], read)
}

/// Returns the types of those of an application's lists that have one of the keys; the caller bounds how many those are.
pub fn kinds(
    tx: &mut dyn Tx,
    application: Key,
    ids: &[Key],
) -> Result<Vec<(Key, i64)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(STATEMENT_ROWS_MAX) {
        let sql = format!(
            "SELECT id, kind FROM lists WHERE application_id = $1 AND id IN ({})",
            placeholders(2, ids.len())
        );
        let mut params: Vec<Param<'_>> = vec![application.into()];
        params.extend(ids.iter().map(|id| Param::from(*id)));
        found.extend(tx.query(&sql, &params, |row| Ok((row.key(0)?, row.int(1)?)))?);
    }
    Ok(found)
}

/// Returns up to `limit` lists of an application, newest first, from behind `behind` on.
pub fn page(
    tx: &mut dyn Tx,
    application: Key,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<StoredList>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM lists WHERE application_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let behind = behind.unwrap_or(Key(i64::MAX));
    tx.query(
        &sql,
        &[application.into(), behind.into(), limit.into()],
        read,
    )
}

/// Returns those of an application's lists that have one of the keys, newest first; the caller bounds how many those are.
pub fn of_keys(
    tx: &mut dyn Tx,
    application: Key,
    ids: &[Key],
) -> Result<Vec<StoredList>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM lists WHERE application_id = $1 AND id IN ({}) ORDER BY id DESC",
        placeholders(2, ids.len())
    );
    let mut params: Vec<Param<'_>> = vec![application.into()];
    params.extend(ids.iter().map(|id| Param::from(*id)));
    tx.query(&sql, &params, read)
}

/// Returns how many lists an application has.
pub fn count(tx: &mut dyn Tx, application: Key) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM lists WHERE application_id = $1",
        &[application.into()],
        |row| row.int(0),
    )
}

/// Replaces a list's name and description.
pub fn update(
    tx: &mut dyn Tx,
    id: Key,
    name: &str,
    description: Option<&str>,
    updated_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE lists SET name = $2, description = $3, updated_at = $4 WHERE id = $1",
        &[
            id.into(),
            name.into(),
            description.into(),
            updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Removes a list; nothing is on it any more, although its items go in steps. Tells whether it was there.
pub fn delete(tx: &mut dyn Tx, application: Key, id: Key) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM lists WHERE application_id = $1 AND id = $2",
        &[application.into(), id.into()],
    )?;
    if removed > 0 {
        tx.execute(
            "INSERT INTO deleted_lists (list_id) VALUES ($1)",
            &[id.into()],
        )?;
    }
    Ok(removed > 0)
}

/// Removes up to `limit` items of deleted lists; returns how many, which is less than `limit` when none are left of one.
pub fn sweep_deleted(tx: &mut dyn Tx, limit: i64) -> Result<u64, StoreError> {
    let sql = format!(
        "SELECT list_id FROM deleted_lists LIMIT 1 {}",
        tx.dialect().skip_locked()
    );
    let Some(list) = tx.query_opt(&sql, &[], |row| row.key(0))? else {
        return Ok(0);
    };
    let removed = tx.execute(
        "DELETE FROM list_items WHERE id IN (SELECT id FROM list_items WHERE list_id = $1 ORDER BY id LIMIT $2)",
        &[list.into(), limit.into()],
    )?;
    if removed < limit.unsigned_abs() {
        tx.execute(
            "DELETE FROM deleted_lists WHERE list_id = $1",
            &[list.into()],
        )?;
    }
    Ok(removed)
}

/// Adds values to a list that the transaction has locked, each once, and counts them; returns how many were new.
///
/// `new_key` makes the keys of the items.
pub fn add_items(
    tx: &mut dyn Tx,
    list: Key,
    values: &[String],
    created_at: i64,
    mut new_key: impl FnMut() -> Key,
) -> Result<i64, StoreError> {
    let mut added = 0;
    for values in values.chunks(STATEMENT_ROWS_MAX) {
        let mut sql = "INSERT INTO list_items (list_id, created_at, id, value) VALUES ".to_owned();
        let mut params: Vec<Param<'_>> = vec![list.into(), created_at.into()];
        for (place, value) in values.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            params.push(new_key().into());
            params.push(value.into());
            let last = params.len();
            sql.push_str(&format!("{comma}($1, $2, ${}, ${last})", last - 1));
        }
        sql.push_str(" ON CONFLICT (list_id, value) DO NOTHING");
        added += tx.execute(&sql, &params)?;
    }
    recount(tx, list, added.cast_signed(), created_at)?;
    Ok(added.cast_signed())
}

/// Takes values off a list that the transaction has locked, and counts; returns how many were on it.
pub fn remove_items(
    tx: &mut dyn Tx,
    list: Key,
    values: &[String],
    updated_at: i64,
) -> Result<i64, StoreError> {
    let mut removed = 0;
    for values in values.chunks(STATEMENT_ROWS_MAX) {
        let sql = format!(
            "DELETE FROM list_items WHERE list_id = $1 AND value IN ({})",
            placeholders(2, values.len())
        );
        let mut params: Vec<Param<'_>> = vec![list.into()];
        params.extend(values.iter().map(Param::from));
        removed += tx.execute(&sql, &params)?;
    }
    recount(tx, list, -removed.cast_signed(), updated_at)?;
    Ok(removed.cast_signed())
}

fn recount(tx: &mut dyn Tx, list: Key, more: i64, updated_at: i64) -> Result<(), StoreError> {
    if more == 0 {
        return Ok(());
    }
    tx.execute(
        "UPDATE lists SET items_count = items_count + $2, updated_at = $3 WHERE id = $1",
        &[list.into(), more.into(), updated_at.into()],
    )?;
    Ok(())
}

/// Returns up to `limit` items of a list, newest first, from behind `behind` on.
pub fn items(
    tx: &mut dyn Tx,
    list: Key,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<ListItem>, StoreError> {
    tx.query(
        "SELECT id, value, created_at FROM list_items WHERE list_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        &[
            list.into(),
            behind.unwrap_or(Key(i64::MAX)).into(),
            limit.into(),
        ],
        |row| {
            Ok(ListItem {
                id: row.key(0)?,
                value: row.string(1)?,
                created_at: row.int(2)?,
            })
        },
    )
}

/// Tells which values are on which lists, by one index look-up for each pair; lists that are deleted have nothing on them.
///
/// `pairs` are in the order of the lists.
pub fn holding(tx: &mut dyn Tx, pairs: &[(Key, String)]) -> Result<Vec<(Key, String)>, StoreError> {
    let mut found = Vec::new();
    for pairs in pairs.chunks(STATEMENT_ROWS_MAX) {
        let mut sql = String::new();
        let mut params: Vec<Param<'_>> = Vec::with_capacity(pairs.len() * 2);
        for of_list in pairs.chunk_by(|one, other| one.0 == other.0) {
            let union = if sql.is_empty() { "" } else { " UNION ALL " };
            params.push(of_list[0].0.into());
            let list = params.len();
            params.extend(of_list.iter().map(|(_, value)| Param::from(value)));
            sql.push_str(&format!(
                "{union}SELECT i.list_id, i.value FROM list_items i WHERE i.list_id = ${list} AND i.value IN ({})
                   AND EXISTS (SELECT 1 FROM lists l WHERE l.id = ${list})",
                placeholders(list + 1, of_list.len())
            ));
        }
        found.extend(tx.query(&sql, &params, |row| Ok((row.key(0)?, row.string(1)?)))?);
    }
    Ok(found)
}

fn read(row: &dyn Row) -> Result<StoredList, StoreError> {
    Ok(StoredList {
        id: row.key(0)?,
        application: row.key(1)?,
        name: row.string(2)?,
        description: row.opt_string(3)?,
        kind: row.int(4)?,
        items_count: row.int(5)?,
        created_at: row.int(6)?,
        updated_at: row.int(7)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::migrations::sqlite_plan;

    #[test]
    fn a_message_finds_items_by_their_index() {
        let plan = sqlite_plan(
            "SELECT i.list_id, i.value FROM list_items i WHERE i.list_id = $1 AND i.value IN ($2, $3)
               AND EXISTS (SELECT 1 FROM lists l WHERE l.id = $1)
             UNION ALL SELECT i.list_id, i.value FROM list_items i WHERE i.list_id = $4 AND i.value IN ($5)
               AND EXISTS (SELECT 1 FROM lists l WHERE l.id = $4)",
        );
        let by_index = "list_items_of_value (list_id=? AND value=?)";
        assert_eq!(plan.matches(by_index).count(), 2, "{plan}");
        assert!(!plan.contains("SCAN i"), "{plan}");
    }
}
