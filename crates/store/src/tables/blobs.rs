//! The rows of raw messages; their bytes when small enough (see [`crate::blobs`]).

use posthouse_types::ids::Key;

use crate::blobs::{BlobHash, PreparedBlob};
use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

const INLINE: i64 = 0;
const EXTERNAL: i64 = 1;

/// Where a blob's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobPlace {
    /// Here, compressed.
    Inline(Vec<u8>),
    /// In the blob store, under this application and hash.
    External {
        /// The application that owns the blob.
        application: Key,
        /// SHA-256 of the uncompressed bytes.
        hash: BlobHash,
    },
}

/// Keeps a prepared blob under `key`, or finds the one the application has already.
///
/// Returns the key under which it is kept: another than `key` when it was there before.
pub fn keep(tx: &mut dyn Tx, key: Key, blob: &PreparedBlob) -> Result<Key, StoreError> {
    let location = if blob.inline.is_some() {
        INLINE
    } else {
        EXTERNAL
    };
    let params = [
        key.into(),
        blob.application.into(),
        Param::Bytes(&blob.hash),
        blob.size_bytes.into(),
        location.into(),
        blob.inline.as_deref().into(),
    ];
    let inserted = tx.execute(
        "INSERT INTO blobs (id, application_id, hash, size_bytes, location, data) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (application_id, hash) DO NOTHING",
        &params,
    )?;
    if inserted == 1 {
        return Ok(key);
    }
    tx.query_one(
        "SELECT id FROM blobs WHERE application_id = $1 AND hash = $2",
        &[blob.application.into(), Param::Bytes(&blob.hash)],
        |row| row.key(0),
    )
}

/// Returns where a blob's bytes are.
pub fn find(tx: &mut dyn Tx, key: Key) -> Result<Option<BlobPlace>, StoreError> {
    tx.query_opt(
        "SELECT location, application_id, hash, data FROM blobs WHERE id = $1",
        &[key.into()],
        |row| read_place(row, 0),
    )
}

/// Reads the columns `location, application_id, hash, data` that start at `first`.
pub fn read_place(row: &dyn Row, first: usize) -> Result<BlobPlace, StoreError> {
    if row.int(first)? == INLINE {
        return Ok(BlobPlace::Inline(row.bytes(first + 3)?.to_vec()));
    }
    let hash = BlobHash::try_from(row.bytes(first + 2)?)
        .map_err(|_| StoreError::Fault("a blob's hash has the wrong length".to_owned()))?;
    Ok(BlobPlace::External {
        application: row.key(first + 1)?,
        hash,
    })
}
