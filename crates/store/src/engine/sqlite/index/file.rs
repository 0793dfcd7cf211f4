//! One file of the search index and the connection that writes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::file::DatabaseFile;
use super::super::session::{Role, Session};
use super::Origin;
use crate::StoreError;
use crate::engine::full_text::READER;
use crate::limits::{INDEX_WAL_PAGES, INDEX_WAL_RESTART_PAGES};
use crate::sql::Tx;

/// Grows when words are folded, marked or kept in another way: files of another version are made anew.
const VERSION: i64 = 1;

/// One generation of the index.
pub(in super::super) struct IndexFile {
    directory: PathBuf,
    generation: u64,
    writer: Mutex<Session>,
    /// Pages in the write-ahead log after the last commit.
    pages: Arc<AtomicI64>,
    damaged: AtomicBool,
}

impl IndexFile {
    /// Opens a file that is there.
    pub(super) fn open(
        directory: &Path,
        generation: u64,
        origin: &Origin,
    ) -> Result<Self, StoreError> {
        let file = Self::connect(directory, generation)?;
        file.require_fit(origin)?;
        Ok(file)
    }

    /// Makes an empty index, in which every message is still to be put.
    pub(super) fn create(
        directory: &Path,
        generation: u64,
        origin: &Origin,
    ) -> Result<Self, StoreError> {
        remove(directory, generation);
        let file = Self::connect(directory, generation)?;
        {
            let mut session = file.session();
            session.batch(include_str!("schema.sql"))?;
            let origin = *origin;
            session.begin()?;
            let tx: &mut dyn Tx = &mut *session;
            tx.execute(
                "INSERT INTO search_state (id, below, anew, complete, done, total, organization)
                 VALUES (1, $1, 0, 0, 0, 0, $2)",
                &[i64::MAX.into(), origin.organization.into()],
            )?;
            // What is committed from now on is in the log behind this.
            tx.execute(
                "INSERT INTO cursors (name, tx, seq) VALUES ($1, 0, $2)",
                &[READER.into(), origin.newest_change.into()],
            )?;
            // Last, so that a file that was made by halves is known as such.
            tx.batch(&format!("PRAGMA user_version = {VERSION}"))?;
            tx.batch("COMMIT")?;
        }
        Ok(file)
    }

    fn connect(directory: &Path, generation: u64) -> Result<Self, StoreError> {
        let database = DatabaseFile::open(&path(directory, generation))?;
        let pages = Arc::new(AtomicI64::new(0));
        let session = Session::open(&database, Role::Indexer(&pages))?;
        Ok(Self {
            directory: directory.to_owned(),
            generation,
            writer: Mutex::new(session),
            pages,
            damaged: AtomicBool::new(false),
        })
    }

    fn require_fit(&self, origin: &Origin) -> Result<(), StoreError> {
        let mut session = self.session();
        let tx: &mut dyn Tx = &mut *session;
        let version = tx.query_one("PRAGMA user_version", &[], |row| row.int(0))?;
        if version != VERSION {
            return Err(unfit("was made by another release"));
        }
        let (organization, seen) = tx.query_one(
            "SELECT s.organization, c.seq FROM search_state s, cursors c WHERE c.name = $1",
            &[READER.into()],
            |row| Ok((row.key(0)?, row.int(1)?)),
        )?;
        tx.query_opt("SELECT rowid FROM search WHERE rowid = 0", &[], |_| Ok(()))?;
        if organization != origin.organization {
            return Err(unfit("is another installation's"));
        }
        if seen > origin.newest_change {
            return Err(unfit("is newer than the database"));
        }
        let next = origin.oldest_change.unwrap_or(origin.newest_change + 1);
        if next > seen + 1 {
            return Err(unfit("has missed changes that are gone"));
        }
        Ok(())
    }

    /// Tells whether it has had every message once.
    pub(super) fn is_complete(&self) -> Result<bool, StoreError> {
        let mut session = self.session();
        let tx: &mut dyn Tx = &mut *session;
        tx.query_one("SELECT complete FROM search_state", &[], |row| row.flag(0))
    }

    /// Returns where it is.
    pub(in super::super) fn path(&self) -> PathBuf {
        path(&self.directory, self.generation)
    }

    /// Notes that something in it cannot be read.
    pub(in super::super) fn note_damage(&self) {
        if !self.damaged.swap(true, Ordering::Relaxed) {
            tracing::error!("the search index is damaged; it is made anew");
        }
    }

    /// Tells whether that was noted.
    pub(in super::super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Runs a closure in a transaction.
    pub(super) fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        let mut session = self.session();
        session.begin()?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut *session))).unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        });
        let ended = match outcome {
            Ok(value) => session.batch("COMMIT").map(|()| value).map_err(E::from),
            Err(error) => Err(error),
        };
        if ended.is_err() {
            session.roll_back();
        } else {
            self.shorten_log(&session);
        }
        ended
    }

    /// Copies the write-ahead log back when it has become long. Only this file's writer waits.
    fn shorten_log(&self, session: &Session) {
        let pages = self.pages.load(Ordering::Relaxed);
        let copied = if pages >= INDEX_WAL_RESTART_PAGES {
            session.start_log_over()
        } else if pages >= INDEX_WAL_PAGES {
            session.copy_log_back()
        } else {
            return;
        };
        if let Err(error) = copied {
            tracing::warn!("cannot copy the search index's log back now: {error}");
        }
    }

    /// Copies the log back and empties it.
    pub(super) fn close(&self) {
        self.session().truncate_log();
    }

    /// Deletes the file; those who have it open can go on reading.
    pub(super) fn remove(&self) {
        remove(&self.directory, self.generation);
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for IndexFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexFile({})", self.generation)
    }
}

fn unfit(reason: &str) -> StoreError {
    StoreError::Refused(format!("the search index {reason}"))
}

/// Returns the path of a generation.
pub(super) fn path(directory: &Path, generation: u64) -> PathBuf {
    directory.join(format!("search-{generation}.db"))
}

/// Returns the generations in a directory, oldest first.
pub(super) fn generations(directory: &Path) -> Result<Vec<u64>, StoreError> {
    let unreadable = |error: std::io::Error| {
        StoreError::Unavailable(format!("cannot read {}: {error}", directory.display()))
    };
    let mut generations = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let number: Option<u64> = name.to_str().and_then(|name| {
            let number = name.strip_prefix("search-")?.strip_suffix(".db")?;
            number.parse().ok()
        });
        generations.extend(number);
    }
    generations.sort_unstable();
    Ok(generations)
}

/// Deletes a generation with its log.
pub(super) fn remove(directory: &Path, generation: u64) {
    let database = path(directory, generation);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.clone().into_os_string();
        name.push(suffix);
        if let Err(error) = std::fs::remove_file(&name)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("cannot delete an old search index: {error}");
        }
    }
}
