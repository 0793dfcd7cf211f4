//! The files of drafts: their octets are blobs, kept as they are.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::tables::blobs::{self, BlobPlace};
use crate::{Param, StoreError};

/// A file that is to go along with a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFile {
    /// Its key, by which it is an attachment.
    pub id: Key,
    /// Its octets.
    pub blob: Key,
    /// How many there are.
    pub size_bytes: i64,
    /// As it was given; empty when it has no name.
    pub filename: String,
    /// As it was given; empty when it was not said.
    pub content_type: String,
    /// What the body refers to it by, without angle brackets.
    pub content_id: Option<String>,
    /// It was given as inline.
    pub says_inline: bool,
    /// It is inline: because it was given so, or because the body shows it.
    pub is_inline: bool,
}

const COLUMNS: &str = "f.id, f.blob_id, f.size_bytes, f.filename, f.content_type, f.content_id, f.says_inline, f.is_inline";

/// How many [`COLUMNS`] there are.
const COLUMNS_COUNT: usize = 8;

fn read(row: &dyn Row) -> Result<DraftFile, StoreError> {
    Ok(DraftFile {
        id: row.key(0)?,
        blob: row.key(1)?,
        size_bytes: row.int(2)?,
        filename: row.string(3)?,
        content_type: row.string(4)?,
        content_id: row.opt_string(5)?,
        says_inline: row.flag(6)?,
        is_inline: row.flag(7)?,
    })
}

/// Returns the files of a draft in their order.
pub fn of_draft(tx: &mut dyn Tx, draft: Key) -> Result<Vec<DraftFile>, StoreError> {
    let found = of_drafts(tx, &[draft])?;
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

/// Returns the files of some drafts, each with its draft: draft by draft, in their order.
pub fn of_drafts(tx: &mut dyn Tx, drafts: &[Key]) -> Result<Vec<(Key, DraftFile)>, StoreError> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS}, f.draft_id FROM draft_files f WHERE f.draft_id IN ({}) ORDER BY f.draft_id, f.place",
        placeholders(1, drafts.len())
    );
    let params: Vec<Param<'_>> = drafts.iter().map(|draft| Param::from(*draft)).collect();
    tx.query(&sql, &params, |row| {
        Ok((row.key(COLUMNS_COUNT)?, read(row)?))
    })
}

/// Returns a file of a draft of an account, and where its octets are.
pub fn find(
    tx: &mut dyn Tx,
    grant: Key,
    draft: Key,
    file: Key,
) -> Result<Option<(DraftFile, BlobPlace)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, b.location, b.application_id, b.id, b.data, b.text_at, b.text_frame
         FROM draft_files f JOIN blobs b ON b.id = f.blob_id
         WHERE f.id = $1 AND f.draft_id = $2 AND f.grant_id = $3
           AND EXISTS (SELECT 1 FROM grants g WHERE g.id = $3)"
    );
    tx.query_opt(&sql, &[file.into(), draft.into(), grant.into()], |row| {
        Ok((read(row)?, blobs::read_place(row, COLUMNS_COUNT)?))
    })
}

/// Returns the files of a draft in their order, each with where its octets are.
pub fn contents(tx: &mut dyn Tx, draft: Key) -> Result<Vec<(DraftFile, BlobPlace)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, b.location, b.application_id, b.id, b.data, b.text_at, b.text_frame
         FROM draft_files f JOIN blobs b ON b.id = f.blob_id WHERE f.draft_id = $1 ORDER BY f.place"
    );
    tx.query(&sql, &[draft.into()], |row| {
        Ok((read(row)?, blobs::read_place(row, COLUMNS_COUNT)?))
    })
}

/// Makes these the files of a draft, whose octets are kept already ([`blobs::keep`]); returns application and key of
/// blobs whose rows went with those that were there and whose bytes are in the blob store.
pub fn replace(
    tx: &mut dyn Tx,
    grant: Key,
    draft: Key,
    files: &[DraftFile],
) -> Result<Vec<(Key, Key)>, StoreError> {
    let before = remove_rows(tx, draft)?;
    for (place, file) in files.iter().enumerate() {
        tx.execute(
            "INSERT INTO draft_files (id, draft_id, grant_id, place, blob_id, size_bytes, filename, content_type,
               content_id, says_inline, is_inline)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                file.id.into(),
                draft.into(),
                grant.into(),
                Param::Int(place as i64),
                file.blob.into(),
                file.size_bytes.into(),
                (&file.filename).into(),
                (&file.content_type).into(),
                file.content_id.as_ref().into(),
                file.says_inline.into(),
                file.is_inline.into(),
            ],
        )?;
    }
    let stays = |blob: &Key| files.iter().any(|file| file.blob == *blob);
    let gone: Vec<Key> = before.into_iter().filter(|blob| !stays(blob)).collect();
    // Passing over what others hold, who keep or remove it: whoever kept files in one order would otherwise wait for who
    // removes them in another. What is left over the housekeeping finds.
    let lock = tx.dialect().skip_locked();
    blobs::remove_unreferenced(tx, &gone, lock)
}

/// Removes the rows of a draft's files and returns their blobs, each once.
pub(super) fn remove_rows(tx: &mut dyn Tx, draft: Key) -> Result<Vec<Key>, StoreError> {
    let mut blobs = tx.query(
        "SELECT blob_id FROM draft_files WHERE draft_id = $1 ORDER BY blob_id",
        &[draft.into()],
        |row| row.key(0),
    )?;
    if !blobs.is_empty() {
        tx.execute(
            "DELETE FROM draft_files WHERE draft_id = $1",
            &[draft.into()],
        )?;
    }
    blobs.dedup();
    Ok(blobs)
}
