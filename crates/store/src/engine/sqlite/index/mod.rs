//! The search index's own files, beside the database: filling them holds no writer of mail up, and losing one loses
//! nothing, because it can be made again.
//!
//! Each file has a generation in its name. One serves; another one may be in the making, which takes its place once it
//! is complete. Where the reader of the change log is stands in the file itself, so that whatever part of it a crash
//! takes back is read again. Readers attach the file that serves.

mod file;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;
pub(super) use file::IndexFile;

/// What an index is made for; one that was made for something else is of no use.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The installation.
    pub organization: Key,
    /// The first change that is still in the log, if there is one.
    pub oldest_change: Option<i64>,
    /// The last change that was ever written.
    pub newest_change: i64,
}

/// Which of the files is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexSide {
    /// The one that searches read.
    Serving,
    /// The one that will take its place.
    Next,
}

/// The files of a data directory.
pub(super) struct Index {
    directory: PathBuf,
    serving: Mutex<Arc<IndexFile>>,
    next: Mutex<Option<Arc<IndexFile>>>,
}

impl Index {
    /// Opens what is there and fits; makes an empty index if there is none.
    pub(super) fn open(directory: PathBuf, origin: &Origin) -> Result<Self, StoreError> {
        let (mut serving, mut next) = (None, None);
        let generations = file::generations(&directory)?;
        for generation in generations.iter().rev() {
            match IndexFile::open(&directory, *generation, origin) {
                Ok(file) if serving.is_none() && file.is_complete()? => serving = Some(file),
                Ok(file) if serving.is_none() && next.is_none() => next = Some(file),
                Ok(file) => file.remove(),
                Err(error) => {
                    tracing::warn!("the search index is made anew: {error}");
                    file::remove(&directory, *generation);
                }
            }
        }
        let serving = match serving.or_else(|| next.take()) {
            Some(serving) => serving,
            None => IndexFile::create(&directory, after(&generations), origin)?,
        };
        Ok(Self {
            directory,
            serving: Mutex::new(Arc::new(serving)),
            next: Mutex::new(next.map(Arc::new)),
        })
    }

    /// Returns the file that searches read.
    pub(super) fn serving(&self) -> Arc<IndexFile> {
        Arc::clone(&lock(&self.serving))
    }

    /// Tells whether another one is in the making.
    pub(super) fn has_next(&self) -> bool {
        lock(&self.next).is_some()
    }

    /// Begins another one, unless one is in the making.
    pub(super) fn begin_next(&self, origin: &Origin) -> Result<(), StoreError> {
        let mut next = lock(&self.next);
        if next.is_none() {
            let generation = after(&file::generations(&self.directory)?);
            let file = IndexFile::create(&self.directory, generation, origin)?;
            *next = Some(Arc::new(file));
        }
        Ok(())
    }

    /// Has the one in the making serve from now on.
    pub(super) fn serve_next(&self) {
        if let Some(next) = lock(&self.next).take() {
            self.replace(next);
        }
    }

    /// Gives one up and begins with an empty one; without one that serves there is none in the making either.
    pub(super) fn renew(&self, side: IndexSide, origin: &Origin) -> Result<(), StoreError> {
        let mut next = lock(&self.next);
        let given_up = next.take();
        if let Some(next) = &given_up {
            next.remove();
        }
        if side == IndexSide::Next && given_up.is_none() {
            return Ok(());
        }
        let generation = after(&file::generations(&self.directory)?);
        let fresh = Arc::new(IndexFile::create(&self.directory, generation, origin)?);
        match side {
            IndexSide::Serving => self.replace(fresh),
            IndexSide::Next => *next = Some(fresh),
        }
        Ok(())
    }

    fn replace(&self, fresh: Arc<IndexFile>) {
        let old = std::mem::replace(&mut *lock(&self.serving), fresh);
        // Whoever still reads it can finish.
        old.remove();
    }

    /// Runs a closure in a transaction on one of the files, on a blocking thread.
    pub(super) async fn write<T, E, F>(&self, side: IndexSide, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let file = match side {
            IndexSide::Serving => Some(self.serving()),
            IndexSide::Next => lock(&self.next).clone(),
        };
        let Some(file) = file else {
            let gone = "no search index is in the making".to_owned();
            return Err(StoreError::Unavailable(gone).into());
        };
        let task = tokio::task::spawn_blocking(move || file.write(work));
        task.await.unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        })
    }

    /// Copies the logs back.
    pub(super) fn close(&self) {
        self.serving().close();
        if let Some(next) = lock(&self.next).as_ref() {
            next.close();
        }
    }
}

fn after(generations: &[u64]) -> u64 {
    generations.last().map_or(1, |last| last + 1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::file::DatabaseFile;
    use super::super::session::{Role, Session};
    use super::*;
    use std::path::Path;

    const ORIGIN: Origin = Origin {
        organization: Key(7),
        oldest_change: Some(1),
        newest_change: 10,
    };

    fn complete(index: &Index, side: &Mutex<Option<Arc<IndexFile>>>) {
        let file = lock(side).clone().unwrap_or_else(|| index.serving());
        let done = |tx: &mut dyn Tx| tx.execute("UPDATE search_state SET complete = 1", &[]);
        file.write(done).unwrap();
    }

    fn generations(directory: &Path) -> Vec<u64> {
        file::generations(directory).unwrap()
    }

    #[test]
    fn an_index_is_kept_for_its_installation_and_its_change_log_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let open = |origin: &Origin| Index::open(path.clone(), origin).map(|_| generations(&path));
        assert_eq!(open(&ORIGIN).unwrap(), [1]);
        assert_eq!(open(&ORIGIN).unwrap(), [1]);
        let others = [
            Origin {
                organization: Key(8),
                ..ORIGIN
            },
            // The database is from before the index.
            Origin {
                newest_change: 9,
                ..ORIGIN
            },
            // Changes that the index has not seen are gone.
            Origin {
                oldest_change: Some(12),
                newest_change: 20,
                ..ORIGIN
            },
            Origin {
                oldest_change: None,
                newest_change: 20,
                ..ORIGIN
            },
        ];
        for other in others {
            assert_eq!(open(&other).unwrap(), [2], "{other:?}");
            file::remove(&path, 2);
            assert_eq!(open(&ORIGIN).unwrap(), [1]);
        }
    }

    #[test]
    fn a_torn_file_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        drop(Index::open(path.clone(), &ORIGIN).unwrap());
        for torn in [
            &b"no database at all"[..],
            b"SQLite format 3\0 and nothing",
            b"",
        ] {
            let newest = *generations(&path).last().unwrap();
            let name = file::path(&path, newest);
            file::remove(&path, newest);
            std::fs::write(&name, torn).unwrap();
            let index = Index::open(path.clone(), &ORIGIN).unwrap();
            assert!(!index.serving().is_complete().unwrap());
        }
    }

    #[test]
    fn readers_make_no_file_in_place_of_one_that_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let index = Index::open(path.clone(), &ORIGIN).unwrap();
        let mail = DatabaseFile::open(&path.join("mail.db")).unwrap();
        let mut reader = Session::open(&mail, Role::Reader).unwrap();
        let serving = index.serving();
        serving.remove();
        let attached = reader.attach(&serving);
        assert!(matches!(attached, Err(StoreError::Damaged(_))));
        assert_eq!(generations(&path), [0; 0]);
    }

    #[test]
    fn one_that_serves_outlives_one_in_the_making_that_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let index = Index::open(path.clone(), &ORIGIN).unwrap();
        complete(&index, &Mutex::new(None));
        index.renew(IndexSide::Next, &ORIGIN).unwrap();
        assert!(!index.has_next(), "there was none");
        index.begin_next(&ORIGIN).unwrap();
        complete(&index, &index.next);
        index.renew(IndexSide::Next, &ORIGIN).unwrap();
        assert!(index.has_next() && index.serving().is_complete().unwrap());
        let next = lock(&index.next).clone().unwrap();
        assert!(!next.is_complete().unwrap());
        index.renew(IndexSide::Serving, &ORIGIN).unwrap();
        assert!(!index.has_next() && !index.serving().is_complete().unwrap());
        assert_eq!(generations(&path).len(), 1);
    }

    #[test]
    fn the_one_in_the_making_outlives_a_restart_and_takes_over_when_it_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let index = Index::open(path.clone(), &ORIGIN).unwrap();
        complete(&index, &Mutex::new(None));
        index.begin_next(&ORIGIN).unwrap();
        index.begin_next(&ORIGIN).unwrap();
        assert_eq!(generations(&path), [1, 2]);
        drop(index);
        let index = Index::open(path.clone(), &ORIGIN).unwrap();
        assert!(index.has_next() && index.serving().is_complete().unwrap());
        complete(&index, &index.next);
        index.serve_next();
        assert!(!index.has_next() && index.serving().is_complete().unwrap());
        assert_eq!(generations(&path), [2]);
    }
}
