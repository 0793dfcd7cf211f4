//! The database file itself, beside what SQLite does with it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::StoreError;

/// The database's path and a descriptor of our own, with which it can be synced away from the writer.
///
/// Every [`Session`](super::session::Session) keeps a clone: with POSIX locks, closing any descriptor of a file gives up
/// all locks that the process has on it, and another program could then take the write-ahead log for abandoned. So the
/// descriptor is closed after the last connection, never before.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    file: Arc<File>,
}

impl DatabaseFile {
    /// Opens the file; makes an empty one, for its owner only, if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| {
                StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))
            })?;
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file),
        })
    }

    /// Returns where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until what was written to the file is on the disk.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }
}
