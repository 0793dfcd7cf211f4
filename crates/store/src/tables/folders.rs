//! Folders: names, counters, and the numbers that IMAP gives messages.

use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::sql::Tx;
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
        tx.execute(
            "INSERT INTO folders (id, grant_id, application_id, parent_id, name, role, uid_validity, uid_next,
               highest_modseq, total_count, unread_count, total_bytes)
             VALUES ($1, $2, $3, NULL, $4, $5, $6, 1, 1, 0, 0, 0)",
            &[(*key).into(), grant.into(), application.into(), folder.name().into(), Param::Int(folder as i64), now.into()],
        )?;
    }
    Ok(())
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

/// Returns all folders of an account, system folders first in their order, then custom ones by age.
pub fn of_grant(tx: &mut dyn Tx, grant: Key) -> Result<Vec<Folder>, StoreError> {
    tx.query(
        "SELECT id, parent_id, name, role, total_count, unread_count, total_bytes FROM folders
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
            })
        },
    )
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
