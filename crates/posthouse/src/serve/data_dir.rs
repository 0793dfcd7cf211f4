//! The data directory: made when missing, private, and open in one server at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Name of the lock file.
const LOCK: &str = "lock";

/// A data directory that no other server has open. The lock goes with the process, also when it is killed.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing, and takes the lock.
    ///
    /// # Errors
    /// When it cannot be made, or another server has it open.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        make(path)?;
        let lock_path = path.join(LOCK);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = lock.read_to_string(&mut owner);
                let owner = if owner.trim().is_empty() {
                    String::new()
                } else {
                    format!(" (process {})", owner.trim())
                };
                bail!(
                    "the data directory {} is in use by another Posthouse{owner}; stop that one, or choose another --data-dir",
                    path.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock_path.display()));
            }
        }
        // Only a hint for the message above; the lock itself is the kernel's.
        let _ = lock
            .set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn make(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| {
        format!("cannot make the data directory {}; choose another with --data-dir, or let this user write there", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_server_is_told_who_has_the_directory() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("data");
        let first = DataDir::open(&path).expect("opens");
        let refusal = DataDir::open(&path).expect_err("is locked").to_string();
        assert!(
            refusal.contains(&format!(
                "in use by another Posthouse (process {})",
                std::process::id()
            )),
            "{refusal}"
        );
        drop(first);
        DataDir::open(&path).expect("opens again");
    }
}
