//! Folders: names, counters, and the numbers that IMAP gives messages.

use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::sql::{Tx, placeholders};
use crate::{Param, StoreError};

/// A folder as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The folder's key.
    pub id: Key,
    /// The folder above it, if it is not at top level.
    pub parent: Option<Key>,
    /// The last element of its path.
    pub name: String,
    /// Which system folder it is, if it is one.
    pub system: Option<SystemFolder>,
    /// Messages in it.
    pub total_count: i64,
    /// Unread messages in it.
    pub unread_count: i64,
    /// Bytes of the messages in it.
    pub total_bytes: i64,
    /// Shown as given.
    pub text_color: Option<String>,
    /// Shown as given.
    pub background_color: Option<String>,
}

/// A folder that is gone while messages of it are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedFolder {
    /// The key it had.
    pub id: Key,
    /// Its account.
    pub grant: Key,
    /// The application that owns the account.
    pub application: Key,
}

/// The numbers a message gets when it enters a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Unique within the folder, ascending.
    pub uid: i64,
    /// The folder's modification sequence of this change.
    pub modseq: i64,
}

/// Creates the six system folders of a new account; `keys` in the order of [`SystemFolder::ALL`].
pub fn create_system_folders(
    tx: &mut dyn Tx,
    application: Key,
    grant: Key,
    keys: &[Key; 6],
    now: i64,
) -> Result<(), StoreError> {
    for (folder, key) in SystemFolder::ALL.into_iter().zip(keys) {
        let uid_validity = next_uid_validity(tx, grant, now)?;
        tx.execute(
            "INSERT INTO folders (id, grant_id, application_id, parent_id, name, role, uid_validity, uid_next,
               highest_modseq, total_count, unread_count, total_bytes)
             VALUES ($1, $2, $3, NULL, $4, $5, $6, 1, 1, 0, 0, 0)",
            &[(*key).into(), grant.into(), application.into(), folder.name().into(), Param::Int(folder as i64), uid_validity.into()],
        )?;
    }
    Ok(())
}

/// Returns what tells a new folder of an account from every other one that it has or had, whatever their names: the seconds
/// of the clock, or one more than the newest number where that is not enough.
// RFC 9051 2.3.1.1: a mailbox that is made again under a name has a greater number than the one before it
fn next_uid_validity(tx: &mut dyn Tx, grant: Key, now: i64) -> Result<i64, StoreError> {
    tx.query_one(
        "UPDATE grants SET uid_validity = CASE WHEN uid_validity < $2 THEN $2 ELSE uid_validity + 1 END
         WHERE id = $1 RETURNING uid_validity",
        &[grant.into(), now.into()],
        |row| row.int(0),
    )
}

/// Returns the key of an account's system folder.
pub fn system_folder(
    tx: &mut dyn Tx,
    grant: Key,
    folder: SystemFolder,
) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT id FROM folders WHERE grant_id = $1 AND role = $2",
        &[grant.into(), Param::Int(folder as i64)],
        |row| row.key(0),
    )
}

/// Returns which system folder a folder of an account is, if it is one.
pub fn role(tx: &mut dyn Tx, grant: Key, folder: Key) -> Result<Option<SystemFolder>, StoreError> {
    let role = tx.query_opt(
        "SELECT role FROM folders WHERE id = $1 AND grant_id = $2",
        &[folder.into(), grant.into()],
        |row| row.int(0),
    )?;
    Ok(role.and_then(SystemFolder::from_role))
}

/// Returns all folders of an account, system folders first in their order, then custom ones by age.
pub fn of_grant(tx: &mut dyn Tx, grant: Key) -> Result<Vec<Folder>, StoreError> {
    tx.query(
        "SELECT id, parent_id, name, role, total_count, unread_count, total_bytes, text_color, background_color FROM folders
         WHERE grant_id = $1 ORDER BY CASE WHEN role = 0 THEN 1000 ELSE role END, id",
        &[grant.into()],
        |row| {
            Ok(Folder {
                id: row.key(0)?,
                parent: row.opt_key(1)?,
                name: row.string(2)?,
                system: SystemFolder::from_role(row.int(3)?),
                total_count: row.int(4)?,
                unread_count: row.int(5)?,
                total_bytes: row.int(6)?,
                text_color: row.opt_string(7)?,
                background_color: row.opt_string(8)?,
            })
        },
    )
}

/// Adds an empty custom folder; whether its name is free has been checked under the account's lock.
pub fn insert(
    tx: &mut dyn Tx,
    application: Key,
    grant: Key,
    folder: &Folder,
    now: i64,
) -> Result<(), StoreError> {
    let uid_validity = next_uid_validity(tx, grant, now)?;
    tx.execute(
        "INSERT INTO folders (id, grant_id, application_id, parent_id, name, role, uid_validity, uid_next,
           highest_modseq, total_count, unread_count, total_bytes, text_color, background_color)
         VALUES ($1, $2, $3, $4, $5, 0, $6, 1, 1, 0, 0, 0, $7, $8)",
        &[
            folder.id.into(),
            grant.into(),
            application.into(),
            folder.parent.into(),
            (&folder.name).into(),
            uid_validity.into(),
            folder.text_color.as_ref().into(),
            folder.background_color.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Writes a folder's place, name and colours.
pub fn update(tx: &mut dyn Tx, folder: &Folder) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE folders SET parent_id = $2, name = $3, text_color = $4, background_color = $5 WHERE id = $1",
        &[
            folder.id.into(),
            folder.parent.into(),
            (&folder.name).into(),
            folder.text_color.as_ref().into(),
            folder.background_color.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Removes a folder's row; its messages have gone before or are noted to follow ([`note_deleted`]).
pub fn delete(tx: &mut dyn Tx, grant: Key, folder: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM folders WHERE id = $1 AND grant_id = $2",
        &[folder.into(), grant.into()],
    )?;
    Ok(())
}

/// Notes that messages of a folder that goes are still to be removed.
pub fn note_deleted(tx: &mut dyn Tx, folder: &DeletedFolder, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO deleted_folders (folder_id, grant_id, application_id, deleted_at) VALUES ($1, $2, $3, $4)",
        &[
            folder.id.into(),
            folder.grant.into(),
            folder.application.into(),
            now.into(),
        ],
    )?;
    Ok(())
}

/// Returns a deleted folder with messages left, if there is one.
pub fn oldest_deleted(tx: &mut dyn Tx) -> Result<Option<DeletedFolder>, StoreError> {
    tx.query_opt(
        "SELECT folder_id, grant_id, application_id FROM deleted_folders ORDER BY folder_id LIMIT 1",
        &[],
        |row| {
            Ok(DeletedFolder {
                id: row.key(0)?,
                grant: row.key(1)?,
                application: row.key(2)?,
            })
        },
    )
}

/// Notes that nothing of a deleted folder is left.
pub fn forget_deleted(tx: &mut dyn Tx, folder: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM deleted_folders WHERE folder_id = $1",
        &[folder.into()],
    )?;
    Ok(())
}

/// What happens to a folder's counters in one transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shift {
    /// Messages that enter, each of which gets a number.
    pub entering: i64,
    /// Messages more, or fewer.
    pub total: i64,
    /// Unread messages more, or fewer.
    pub unread: i64,
    /// Bytes more, or fewer.
    pub bytes: i64,
}

/// Counts a change of a folder's messages and returns the number of the first one that enters.
///
/// `None` when the folder is gone: then nothing was counted.
pub fn shift(
    tx: &mut dyn Tx,
    grant: Key,
    folder: Key,
    shift: &Shift,
) -> Result<Option<Entry>, StoreError> {
    let counted = tx.execute(
        "UPDATE folders SET uid_next = uid_next + $3, highest_modseq = highest_modseq + 1,
           total_count = total_count + $4, unread_count = unread_count + $5, total_bytes = total_bytes + $6
         WHERE id = $2 AND grant_id = $1",
        &[
            grant.into(),
            folder.into(),
            shift.entering.into(),
            shift.total.into(),
            shift.unread.into(),
            shift.bytes.into(),
        ],
    )?;
    if counted == 0 {
        return Ok(None);
    }
    tx.query_opt(
        "SELECT uid_next, highest_modseq FROM folders WHERE id = $1",
        &[folder.into()],
        |row| {
            Ok(Entry {
                uid: row.int(0)? - shift.entering,
                modseq: row.int(1)?,
            })
        },
    )
}

/// What changes whenever a message enters a folder of an account; see [`entries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entries {
    /// The account.
    pub grant: Key,
    /// How many folders it has.
    folders: i64,
    /// All messages that ever entered them.
    entered: i64,
}

/// Accounts asked for in one query at most.
const GRANTS_PER_QUERY_MAX: usize = 200;

/// Returns, for each of some accounts, what tells whether a message has entered since the last look.
pub fn entries(tx: &mut dyn Tx, grants: &[Key]) -> Result<Vec<Entries>, StoreError> {
    let mut found = Vec::with_capacity(grants.len());
    for grants in grants.chunks(GRANTS_PER_QUERY_MAX) {
        let sql = format!(
            "SELECT grant_id, CAST(COUNT(*) AS BIGINT), CAST(SUM(uid_next) AS BIGINT) FROM folders
             WHERE grant_id IN ({}) GROUP BY grant_id",
            placeholders(1, grants.len())
        );
        let params: Vec<Param<'_>> = grants.iter().map(|grant| Param::from(*grant)).collect();
        found.extend(tx.query(&sql, &params, |row| {
            Ok(Entries {
                grant: row.key(0)?,
                folders: row.int(1)?,
                entered: row.int(2)?,
            })
        })?);
    }
    Ok(found)
}

/// Counts a new unread message into a folder of a live account and returns its numbers.
///
/// `None` when the account or the folder is gone: then nothing was counted.
pub fn enter_unread(
    tx: &mut dyn Tx,
    grant: Key,
    folder: Key,
    size_bytes: i64,
) -> Result<Option<Entry>, StoreError> {
    let counted = tx.execute(
        "UPDATE folders SET uid_next = uid_next + 1, highest_modseq = highest_modseq + 1,
           total_count = total_count + 1, unread_count = unread_count + 1, total_bytes = total_bytes + $3
         WHERE id = $2 AND grant_id = $1 AND EXISTS (SELECT 1 FROM grants WHERE grants.id = $1)",
        &[grant.into(), folder.into(), size_bytes.into()],
    )?;
    if counted == 0 {
        return Ok(None);
    }
    // Not RETURNING, for which SQLite builds a table; no gain from that was seen in a profile (docs/performance.md).
    tx.query_opt(
        "SELECT uid_next - 1, highest_modseq FROM folders WHERE id = $1",
        &[folder.into()],
        |row| {
            Ok(Entry {
                uid: row.int(0)?,
                modseq: row.int(1)?,
            })
        },
    )
}
