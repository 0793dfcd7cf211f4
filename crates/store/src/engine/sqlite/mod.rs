//! The embedded engine: SQLite with one writer thread and a few reading connections.
//!
//! The writer takes every closure that waits, runs all in one transaction, each but the first in a savepoint, commits
//! once, then answers all (ADR 0001). A closure that fails takes back only its own effects. Another thread copies the write-ahead log back.

mod checkpoint;
mod file;
mod index;
mod job;
mod session;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use crate::StoreError;
use crate::limits::WRITER_QUEUE_CLOSURES_MAX;
use crate::sql::Tx;
use checkpoint::Checkpoints;
use file::DatabaseFile;
use index::Index;
pub use index::{IndexSide, Origin};
use job::{Closure, Job, Work};
use session::{Role, Session};

/// An open SQLite store.
pub struct Sqlite {
    work: mpsc::SyncSender<Work>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
    readers: Arc<Mutex<Vec<Session>>>,
    reading: Arc<Semaphore>,
    directory: PathBuf,
    index: OnceLock<Arc<Index>>,
    governance: Arc<AtomicU64>,
}

impl Sqlite {
    /// Opens or creates the database file and starts the writer thread.
    pub fn open(path: &Path, readers_max: usize) -> Result<Self, StoreError> {
        let file = DatabaseFile::open(path)?;
        let checkpoints = Checkpoints::start(&file)?;
        let writer = Session::open(&file, Role::Writer(&checkpoints))?;
        let mut readers = Vec::with_capacity(readers_max);
        for _ in 0..readers_max {
            readers.push(Session::open(&file, Role::Reader)?);
        }
        let (work, queue) = mpsc::sync_channel(WRITER_QUEUE_CLOSURES_MAX);
        let governance = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&governance);
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer::run(&file, &checkpoints, writer, &queue, &counted))
            .map_err(|error| {
                StoreError::Unavailable(format!("cannot start the writer thread: {error}"))
            })?;
        Ok(Self {
            work,
            writer: Mutex::new(Some(handle)),
            readers: Arc::new(Mutex::new(readers)),
            reading: Arc::new(Semaphore::new(readers_max)),
            directory: path.parent().map(Path::to_owned).unwrap_or_default(),
            index: OnceLock::new(),
            governance,
        })
    }

    /// Returns how many commits have changed what governs accounts.
    pub fn governance_epoch(&self) -> u64 {
        self.governance.load(Ordering::Acquire)
    }

    /// Opens or makes the search index, once the database has its schema.
    pub fn open_index(&self, origin: &Origin) -> Result<(), StoreError> {
        let index = Index::open(self.directory.clone(), origin)?;
        let _ = self.index.set(Arc::new(index));
        Ok(())
    }

    /// Begins another search index beside the one that serves, unless one is in the making.
    pub fn begin_next_index(&self, origin: &Origin) -> Result<(), StoreError> {
        self.opened_index()?.begin_next(origin)
    }

    /// Tells whether another search index is in the making.
    pub fn has_next_index(&self) -> bool {
        self.index.get().is_some_and(|index| index.has_next())
    }

    /// Has the search index in the making serve from now on.
    pub fn serve_next_index(&self) -> Result<(), StoreError> {
        self.opened_index()?.serve_next();
        self.attach_idle_readers()
    }

    /// Tells whether something in the search index could not be read.
    pub fn index_is_damaged(&self) -> bool {
        let index = self.index.get();
        index.is_some_and(|index| index.serving().is_damaged())
    }

    /// Gives a search index up and begins with an empty one.
    pub fn renew_index(&self, side: IndexSide, origin: &Origin) -> Result<(), StoreError> {
        self.opened_index()?.renew(side, origin)?;
        self.attach_idle_readers()
    }

    /// Runs a closure in a transaction on a search index; see [`crate::Store::write_index`].
    pub async fn write_index<T, E, F>(&self, side: IndexSide, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let index = Arc::clone(self.opened_index()?);
        index.write(side, work).await
    }

    fn opened_index(&self) -> Result<&Arc<Index>, StoreError> {
        self.index.get().ok_or_else(stopped)
    }

    /// Lets go of the file that served before, which takes up room as long as anybody has it open.
    fn attach_idle_readers(&self) -> Result<(), StoreError> {
        let serving = self.opened_index()?.serving();
        for reader in lock(&self.readers).iter_mut() {
            reader.attach(&serving)?;
        }
        Ok(())
    }

    /// Runs a closure in the next group commit; see [`crate::Store::write`].
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Closure {
            work: Some(work),
            outcome: None,
            reply,
        });
        self.submit(Work::Job(job)).await?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    async fn submit(&self, work: Work) -> Result<(), StoreError> {
        let mut work = work;
        loop {
            match self.work.try_send(work) {
                Ok(()) => return Ok(()),
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(stopped()),
                Err(mpsc::TrySendError::Full(back)) => work = back,
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// Runs a closure against a snapshot on a reading connection; see [`crate::Store::read`].
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.reading)
            .acquire_owned()
            .await
            .map_err(|_| stopped())?;
        let readers = Arc::clone(&self.readers);
        let index = self.index.get().cloned();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = lock(&readers).pop();
            let mut session = taken.ok_or_else(stopped)?;
            if let Some(index) = index {
                attach_serving(&mut session, &index);
            }
            let outcome = session.snapshot(work);
            lock(&readers).push(session);
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        })
    }

    /// Waits for the closures already queued, copies the log back and closes.
    pub fn close(&self) {
        if let Some(index) = self.index.get() {
            index.close();
        }
        let handle = lock(&self.writer).take();
        let Some(handle) = handle else { return };
        if self.work.send(Work::Close).is_ok() {
            let _ = handle.join();
        }
    }
}

/// Has a reader read the index that serves by now. Whatever is the matter with that, all but searches can go on.
fn attach_serving(reader: &mut Session, index: &Index) {
    let serving = index.serving();
    if let Err(error) = reader.attach(&serving) {
        tracing::error!("the search index cannot be read: {error}");
        // Too many open files, for one, are no reason to make it anew.
        if matches!(error, StoreError::Damaged(_)) {
            serving.note_damage();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
