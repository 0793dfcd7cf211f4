//! The embedded engine: SQLite with one writer thread and a few reading connections.
//!
//! The writer takes every closure that waits, runs all in one transaction, each but the first in a savepoint, commits
//! once, then answers all (ADR 0001). A closure that fails takes back only its own effects. Another thread copies the write-ahead log back.

mod checkpoint;
mod file;
mod job;
mod session;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use crate::StoreError;
use crate::limits::WRITER_QUEUE_CLOSURES_MAX;
use crate::sql::Tx;
use checkpoint::Checkpoints;
use file::DatabaseFile;
use job::{Closure, Job, Work};
use session::{Role, Session};

/// An open SQLite store.
pub struct Sqlite {
    work: mpsc::SyncSender<Work>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
    readers: Arc<Mutex<Vec<Session>>>,
    reading: Arc<Semaphore>,
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
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer::run(&file, &checkpoints, writer, &queue))
            .map_err(|error| {
                StoreError::Unavailable(format!("cannot start the writer thread: {error}"))
            })?;
        Ok(Self {
            work,
            writer: Mutex::new(Some(handle)),
            readers: Arc::new(Mutex::new(readers)),
            reading: Arc::new(Semaphore::new(readers_max)),
        })
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
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = readers
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .pop();
            let mut session = taken.ok_or_else(stopped)?;
            let outcome = session.snapshot(work);
            readers
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(session);
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        })
    }

    /// Waits for the closures already queued, copies the log back and closes.
    pub fn close(&self) {
        let handle = self
            .writer
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(handle) = handle else { return };
        if self.work.send(Work::Close).is_ok() {
            let _ = handle.join();
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
