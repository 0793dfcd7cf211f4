//! Raw messages: zstd-compressed, once per application, found by (application, SHA-256).
//!
//! Small ones live in the database so that the group commit covers them; larger ones go to a directory or an
//! S3-compatible bucket, durable before the row that names them commits. Rows are in [`crate::tables::blobs`].
//!
//! An object is named after its row, not after its content: no two deliveries ever share one, so a sweep that removes
//! the object of a row it has just deleted cannot take away what another delivery is about to refer to.

mod codec;
mod inline;

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use posthouse_types::ids::Key;

use crate::limits::{BLOB_INLINE_BYTES_MAX, BLOB_INLINE_RAW_BYTES_MAX};
use crate::{StoreConfig, StoreError};

pub use codec::{compress, decompress};
pub use inline::{InlineBlob, TextApart};

/// SHA-256 of a raw message.
pub type BlobHash = [u8; 32];

/// Where larger blobs live.
pub struct BlobStore {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// A blob made ready before the transaction that refers to it: hashed, compressed and, if large, already stored.
#[derive(Debug, Clone)]
pub struct PreparedBlob {
    /// The key of its row, unless the application has the same bytes already.
    pub key: Key,
    /// The application the blob belongs to.
    pub application: Key,
    /// SHA-256 of the uncompressed bytes.
    pub hash: BlobHash,
    /// Uncompressed size.
    pub size_bytes: i64,
    /// The compressed bytes for the row, or `None` when the blob store has them durably.
    pub inline: Option<InlineBlob>,
}

impl BlobStore {
    /// Opens the directory or bucket that the configuration names.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let Some(rest) = config.blobs.strip_prefix("s3://") else {
            return Self::open_directory(config);
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let objects = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_allow_http(true)
            .build()
            .map_err(|error| {
                StoreError::Refused(format!("cannot use blob store s3://{rest}: {error}"))
            })?;
        Ok(Self {
            objects: Arc::new(objects),
            prefix: Path::from(prefix),
        })
    }

    fn open_directory(config: &StoreConfig) -> Result<Self, StoreError> {
        if config.blobs != "file" {
            return Err(StoreError::Refused(format!(
                "blob store `{}` is neither `file` nor an s3:// URL",
                config.blobs
            )));
        }
        let directory = config.data_dir.join("blobs");
        std::fs::create_dir_all(&directory).map_err(|error| {
            StoreError::Unavailable(format!("cannot create {}: {error}", directory.display()))
        })?;
        let objects = LocalFileSystem::new_with_prefix(&directory)?.with_fsync(true);
        Ok(Self {
            objects: Arc::new(objects),
            prefix: Path::default(),
        })
    }

    /// Hashes and compresses a message and, when it is too large for a row, stores it durably.
    ///
    /// Costs CPU in proportion to the size: callers run it for large messages on a blocking thread through
    /// [`PreparedBlob::new`] and then [`BlobStore::keep`].
    pub async fn prepare(
        &self,
        key: Key,
        application: Key,
        raw: &[u8],
    ) -> Result<PreparedBlob, StoreError> {
        self.keep(PreparedBlob::new(key, application, raw)?).await
    }

    /// Moves a prepared blob's bytes to the blob store when they are too many for a row; durable on return.
    ///
    /// Whoever then keeps no row under the blob's key removes the bytes again ([`BlobStore::remove`]).
    pub async fn keep(&self, mut blob: PreparedBlob) -> Result<PreparedBlob, StoreError> {
        let is_large = blob.size_bytes > BLOB_INLINE_RAW_BYTES_MAX;
        let Some(InlineBlob { frame, .. }) = blob
            .inline
            .take_if(|bytes| is_large || bytes.len() > BLOB_INLINE_BYTES_MAX)
        else {
            return Ok(blob);
        };
        let path = self.path(blob.application, blob.key);
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        match self.objects.put_opts(&path, frame.into(), options).await {
            // No two blobs have one key: what is there already is the same.
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(blob),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the uncompressed bytes of a blob that is not in the database.
    pub async fn fetch(&self, application: Key, key: Key) -> Result<Vec<u8>, StoreError> {
        let stored = self
            .objects
            .get(&self.path(application, key))
            .await?
            .bytes()
            .await?;
        tokio::task::spawn_blocking(move || decompress(&stored))
            .await
            .map_err(|_| StoreError::Fault("decompression panicked".to_owned()))?
    }

    /// Removes the bytes of a blob that has no row any more, or never had; one that is gone already is fine.
    pub async fn remove(&self, application: Key, key: Key) -> Result<(), StoreError> {
        match self.objects.delete(&self.path(application, key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks that the directory or bucket answers.
    pub async fn probe(&self) -> Result<(), StoreError> {
        match self.objects.head(&self.prefix.clone().join("probe")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the objects whose rows would be older than `older_than`, as (application, key), in no order.
    ///
    /// Objects of other names are none of ours and are passed over.
    pub fn objects_older_than(
        &self,
        older_than: Key,
    ) -> impl Stream<Item = Result<(Key, Key), StoreError>> + Send + '_ {
        let prefix = (!self.prefix.as_ref().is_empty()).then_some(&self.prefix);
        self.objects
            .list(prefix)
            .filter_map(move |listed| async move {
                let object = match listed {
                    Ok(object) => object,
                    Err(error) => return Some(Err(error.into())),
                };
                named(&object.location)
                    .filter(|(_, key)| *key < older_than)
                    .map(Ok)
            })
    }

    fn path(&self, application: Key, key: Key) -> Path {
        // Keys begin with the time: their ends spread over the directories.
        let fan = format!("{:02x}", key.0 & 0xff);
        self.prefix
            .clone()
            .join(application.0.to_string())
            .join(fan)
            .join(format!("{:016x}", key.0))
    }
}

/// Reads the application and the row's key from the path that [`BlobStore::path`] makes of them.
fn named(path: &Path) -> Option<(Key, Key)> {
    let mut parts = path.as_ref().rsplit('/');
    let key = parts.next().filter(|name| name.len() == 16)?;
    let application = parts.nth(1)?;
    Some((
        Key(application.parse().ok()?),
        Key(i64::from_str_radix(key, 16).ok()?),
    ))
}

impl PreparedBlob {
    /// Hashes and compresses a raw message, without storing it anywhere.
    pub fn new(key: Key, application: Key, raw: &[u8]) -> Result<Self, StoreError> {
        Self::with_body(key, application, raw, "")
    }

    /// As [`PreparedBlob::new`], with the body that listings show of the message: when it is long and stands in the
    /// message as it is, it is kept apart, so that a row can refer to it.
    pub fn with_body(
        key: Key,
        application: Key,
        raw: &[u8],
        body: &str,
    ) -> Result<Self, StoreError> {
        use sha2::Digest;
        let inline = match InlineBlob::apart(raw, body)? {
            Some(apart) => apart,
            None => InlineBlob::whole(raw)?,
        };
        Ok(Self {
            key,
            application,
            hash: sha2::Sha256::digest(raw).into(),
            size_bytes: raw.len() as i64,
            inline: Some(inline),
        })
    }

    /// Returns the body, compressed, if it is kept apart from the rest.
    #[must_use]
    pub fn body_apart(&self) -> Option<&Bytes> {
        let text = self.inline.as_ref()?.text.as_ref()?;
        Some(&text.frame)
    }
}
