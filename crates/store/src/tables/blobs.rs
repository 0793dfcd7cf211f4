//! The rows of raw messages; their bytes when small enough (see [`crate::blobs`]).

use posthouse_types::ids::Key;

use crate::blobs::{InlineBlob, PreparedBlob, TextApart};
use crate::limits::BLOB_KEEP_ATTEMPTS_MAX;
use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

const INLINE: i64 = 0;
const EXTERNAL: i64 = 1;

/// Blobs that one statement names at most.
const BLOBS_PER_STATEMENT: usize = 100;

/// Holds for a row of `blobs` that nothing refers to.
const UNREFERENCED: &str = "NOT EXISTS (SELECT 1 FROM messages WHERE messages.blob_id = blobs.id)
    AND NOT EXISTS (SELECT 1 FROM outbound WHERE outbound.blob_id = blobs.id)
    AND NOT EXISTS (SELECT 1 FROM draft_files WHERE draft_files.blob_id = blobs.id)
    AND NOT EXISTS (SELECT 1 FROM schedules WHERE schedules.blob_id = blobs.id)
    AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.blob_id = blobs.id)";

/// Where a blob's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobPlace {
    /// Here, compressed.
    Inline(InlineBlob),
    /// In the blob store, under this application and key.
    External {
        /// The application that owns the blob.
        application: Key,
        /// The blob's key.
        key: Key,
    },
}

/// A blob that is in the database when the transaction commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBlob {
    /// Its key: another than the prepared blob's when the application had the same bytes before.
    pub key: Key,
    /// Whether a row that refers to it may leave out its body: the blob has it apart.
    pub has_body: bool,
}

/// Keeps a prepared blob under its key, or finds the one the application has already. That row then stays until the
/// transaction ends, so that the transaction may refer to it.
pub fn keep(tx: &mut dyn Tx, blob: &PreparedBlob) -> Result<KeptBlob, StoreError> {
    // A row that was there at the first look and is gone at the second was swept in between.
    for _ in 0..BLOB_KEEP_ATTEMPTS_MAX {
        if insert(tx, blob)? {
            return Ok(KeptBlob {
                key: blob.key,
                has_body: blob.body_apart().is_some(),
            });
        }
        if let Some(same) = hold_same(tx, blob)? {
            return Ok(same);
        }
    }
    Err(StoreError::Conflict {
        constraint: "blobs".to_owned(),
    })
}

fn insert(tx: &mut dyn Tx, blob: &PreparedBlob) -> Result<bool, StoreError> {
    let location = if blob.inline.is_some() {
        INLINE
    } else {
        EXTERNAL
    };
    let inline = blob.inline.as_ref();
    let text = inline.and_then(|inline| inline.text.as_ref());
    let params = [
        blob.key.into(),
        blob.application.into(),
        Param::Bytes(&blob.hash),
        blob.size_bytes.into(),
        location.into(),
        inline.map(|inline| &*inline.frame).into(),
        text.map(|text| text.at).into(),
        text.map(|text| &*text.frame).into(),
    ];
    let inserted = tx.execute(
        "INSERT INTO blobs (id, application_id, hash, size_bytes, location, data, text_at, text_frame)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (application_id, hash) DO NOTHING",
        &params,
    )?;
    Ok(inserted == 1)
}

/// Finds the row with the same bytes and keeps it from being swept until the transaction ends.
fn hold_same(tx: &mut dyn Tx, blob: &PreparedBlob) -> Result<Option<KeptBlob>, StoreError> {
    let sql = format!(
        "SELECT id, text_at FROM blobs WHERE application_id = $1 AND hash = $2 {}",
        tx.dialect().hold_row()
    );
    tx.query_opt(
        &sql,
        &[blob.application.into(), Param::Bytes(&blob.hash)],
        |row| {
            Ok(KeptBlob {
                key: row.key(0)?,
                has_body: row.opt_int(1)?.is_some(),
            })
        },
    )
}

/// Returns where a blob's bytes are.
pub fn find(tx: &mut dyn Tx, key: Key) -> Result<Option<BlobPlace>, StoreError> {
    tx.query_opt(
        "SELECT location, application_id, id, data, text_at, text_frame FROM blobs WHERE id = $1",
        &[key.into()],
        |row| read_place(row, 0),
    )
}

/// Reads the columns `location, application_id, id, data, text_at, text_frame` that start at `first`.
pub fn read_place(row: &dyn Row, first: usize) -> Result<BlobPlace, StoreError> {
    if row.int(first)? == INLINE {
        let text = match row.opt_int(first + 4)? {
            Some(at) => Some(TextApart {
                frame: row.bytes(first + 5)?.to_vec().into(),
                at,
            }),
            None => None,
        };
        return Ok(BlobPlace::Inline(InlineBlob {
            frame: row.bytes(first + 3)?.to_vec().into(),
            text,
        }));
    }
    Ok(BlobPlace::External {
        application: row.key(first + 1)?,
        key: row.key(first + 2)?,
    })
}

/// Returns which of up to 200 objects, given as (application, key), have no row although their application is of this
/// store. Another installation's objects in the same bucket are none of ours.
pub fn orphaned(tx: &mut dyn Tx, objects: &[(Key, Key)]) -> Result<Vec<(Key, Key)>, StoreError> {
    let mut orphans = Vec::new();
    for (application, key) in objects {
        let orphan = tx.query_opt(
            "SELECT 1 FROM applications WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.id = $2)",
            &[(*application).into(), (*key).into()],
            |_| Ok(()),
        )?;
        orphans.extend(orphan.map(|()| (*application, *key)));
    }
    Ok(orphans)
}

/// Returns up to `limit` blobs with keys between `after` and `before`, in order, each with whether nothing refers to it.
///
/// What refers to a blob may be gone before the blob was asked about: a row of the queue outlives the copy in Sent, and
/// the sweep of deleted accounts passes over blobs that somebody holds.
pub fn references(
    tx: &mut dyn Tx,
    after: Key,
    before: Key,
    limit: i64,
) -> Result<Vec<(Key, bool)>, StoreError> {
    let sql = format!(
        "SELECT id, CAST(CASE WHEN {UNREFERENCED} THEN 1 ELSE 0 END AS BIGINT) FROM blobs
         WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3"
    );
    tx.query(&sql, &[after.into(), before.into(), limit.into()], |row| {
        Ok((row.key(0)?, row.int(1)? == 1))
    })
}

/// Removes those of an application's blobs that nothing refers to; the transaction has removed those that did.
///
/// `lock` is the clause that locks them: the sweep of deleted accounts passes over what others hold. Returns application
/// and key of those whose bytes are in the blob store. Whatever else comes to refer to blobs must be
/// asked about in [`UNREFERENCED`].
pub fn remove_unreferenced(
    tx: &mut dyn Tx,
    blobs: &[Key],
    lock: &str,
) -> Result<Vec<(Key, Key)>, StoreError> {
    let mut external = Vec::new();
    for chunk in blobs.chunks(BLOBS_PER_STATEMENT) {
        // Locked first, and asked about in a later statement: an arriving copy of the same message either has the lock,
        // and its blob stays, or waits for ours and then keeps the bytes anew. Of two transactions that remove the last
        // two messages, the later one waits, sees that the other message is gone, and removes the blob.
        let params: Vec<Param<'_>> = chunk.iter().map(|blob| (*blob).into()).collect();
        let lock = format!(
            "SELECT id FROM blobs WHERE id IN ({}) ORDER BY id {}",
            placeholders(1, params.len()),
            lock
        );
        for blob in tx.query(&lock, &params, |row| row.key(0))? {
            let removed = tx.query_opt(
                &format!("DELETE FROM blobs WHERE id = $1 AND {UNREFERENCED} RETURNING location, application_id"),
                &[blob.into()],
                |row| Ok((row.int(0)?, row.key(1)?)),
            )?;
            if let Some((location, application)) = removed
                && location != INLINE
            {
                external.push((application, blob));
            }
        }
    }
    Ok(external)
}
