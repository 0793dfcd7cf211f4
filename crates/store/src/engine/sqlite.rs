//! The embedded engine: SQLite with one writer thread and a few reading connections.
//!
//! The writer takes every closure that waits, runs each in a savepoint of one transaction, commits once, then answers
//! all (ADR 0001). A closure that fails takes back only its savepoint.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, oneshot};

use super::Dialect;
use crate::StoreError;
use crate::limits::{
    COMMIT_GROUP_CLOSURES_MAX, READER_CACHE_KIB, STATEMENTS_CACHED_MAX, WAL_CHECKPOINT_PAGES,
    WRITER_CACHE_KIB, WRITER_QUEUE_CLOSURES_MAX,
};
use crate::sql::{EachRow, Param, Row, Tx};

/// An open SQLite store.
pub struct Sqlite {
    jobs: mpsc::SyncSender<Box<dyn Job>>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
    readers: Arc<Mutex<Vec<Session>>>,
    reading: Arc<Semaphore>,
}

/// One closure on its way through the writer.
trait Job: Send {
    /// Runs the closure; tells whether its effects stay.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;
    /// Tells the caller how it ended, after the commit.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Closure<T, E, F> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Closure<T, E, F>
where
    F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        });
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match commit {
            Ok(()) => self
                .outcome
                .unwrap_or_else(|| Err(StoreError::Fault("closure did not run".to_owned()).into())),
            Err(error) => Err(error.into()),
        };
        // A caller that went away no longer waits for the answer; the commit stands.
        let _ = self.reply.send(outcome);
    }
}

impl Sqlite {
    /// Opens or creates the database file and starts the writer thread.
    pub fn open(path: &Path, readers_max: usize) -> Result<Self, StoreError> {
        let writer = Session::open(path, Role::Writer)?;
        let mut readers = Vec::with_capacity(readers_max);
        for _ in 0..readers_max {
            readers.push(Session::open(path, Role::Reader)?);
        }
        let (jobs, queue) = mpsc::sync_channel(WRITER_QUEUE_CLOSURES_MAX);
        let path = path.to_owned();
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_loop(&path, writer, &queue))
            .map_err(|error| {
                StoreError::Unavailable(format!("cannot start the writer thread: {error}"))
            })?;
        Ok(Self {
            jobs,
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
        self.submit(job).await?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    async fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut job = job;
        loop {
            match self.jobs.try_send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(stopped()),
                Err(mpsc::TrySendError::Full(back)) => job = back,
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
        if self.jobs.send(Box::new(Farewell)).is_ok() {
            let _ = handle.join();
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// The job that ends the writer.
struct Farewell;

impl Job for Farewell {
    fn run(&mut self, _tx: &mut dyn Tx) -> bool {
        true
    }
    fn answer(self: Box<Self>, _commit: Result<(), StoreError>) {
        FAREWELL.with(|said| said.set(true));
    }
}

thread_local! {
    static FAREWELL: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn write_loop(path: &Path, first: Session, queue: &mpsc::Receiver<Box<dyn Job>>) {
    let mut session = Some(first);
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(COMMIT_GROUP_CLOSURES_MAX);
    while let Ok(job) = queue.recv() {
        let committed = match reopened(path, &mut session) {
            Ok(open) => run_group(open, job, queue, &mut group),
            Err(error) => {
                group.push(job);
                Err(error)
            }
        };
        if committed.is_err() {
            // A failed commit is final: nothing more is written through this connection; the next one recovers.
            session = None;
        }
        metrics::histogram!("posthouse_store_commit_group_closures").record(group.len() as f64);
        for job in group.drain(..) {
            job.answer(committed.clone());
        }
        if FAREWELL.with(std::cell::Cell::get) {
            break;
        }
    }
    if let Some(session) = session {
        let _ = session
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

fn reopened<'a>(
    path: &Path,
    session: &'a mut Option<Session>,
) -> Result<&'a mut Session, StoreError> {
    if session.is_none() {
        *session = Some(Session::open(path, Role::Writer)?);
    }
    session.as_mut().ok_or_else(stopped)
}

/// Runs the job and all that wait behind it in one transaction; `group` holds those to answer, whatever happened.
fn run_group(
    session: &mut Session,
    first: Box<dyn Job>,
    queue: &mpsc::Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<(), StoreError> {
    let mut next = Some(first);
    if let Err(error) = session.batch("BEGIN IMMEDIATE") {
        group.extend(next);
        return Err(error);
    }
    while let Some(mut job) = next.take() {
        let ran = session.in_savepoint(job.as_mut());
        group.push(job);
        ran?;
        if group.len() < COMMIT_GROUP_CLOSURES_MAX {
            next = queue.try_recv().ok();
        }
    }
    session.batch("COMMIT")
}

enum Role {
    Writer,
    Reader,
}

/// One connection with its rewritten statements.
struct Session {
    connection: Connection,
    numbered: HashMap<Box<str>, Box<str>>,
}

impl Session {
    fn open(path: &Path, role: Role) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(PathBuf::from(path), flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        let settings = match role {
            Role::Writer => format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA wal_autocheckpoint = {WAL_CHECKPOINT_PAGES}; PRAGMA journal_size_limit = 67108864;
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{WRITER_CACHE_KIB};"
            ),
            Role::Reader => format!(
                "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{READER_CACHE_KIB};
                 PRAGMA mmap_size = 1073741824;"
            ),
        };
        connection.execute_batch(&settings)?;
        if matches!(role, Role::Writer) {
            require_durable(&connection)?;
        }
        Ok(Self {
            connection,
            numbered: HashMap::new(),
        })
    }

    /// Runs a job so that its failure takes back only its own effects.
    fn in_savepoint(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.batch("SAVEPOINT job")?;
        if !job.run(self) {
            self.batch("ROLLBACK TO job")?;
        }
        self.batch("RELEASE job")
    }

    fn snapshot<T, E, F>(&mut self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        self.batch("BEGIN")?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        });
        self.batch("ROLLBACK")?;
        outcome
    }

    fn numbered(&mut self, sql: &str) -> Box<str> {
        if let Some(known) = self.numbered.get(sql) {
            return known.clone();
        }
        if self.numbered.len() >= STATEMENTS_CACHED_MAX * 4 {
            self.numbered.clear();
        }
        // SQLite takes `$1` for a name and numbers it by first appearance; `?1` is a number.
        let rewritten: Box<str> = sql.replace('$', "?").into();
        self.numbered.insert(sql.into(), rewritten.clone());
        rewritten
    }
}

/// Reads back the settings that "durable before 250" rests on and refuses weaker ones.
fn require_durable(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if mode == "wal" && synchronous >= 2 {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "SQLite runs with journal_mode={mode} and synchronous={synchronous}, which can lose acknowledged mail"
    )))
}

impl Tx for Session {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let sql = self.numbered(sql);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(params))?;
        Ok(changed as u64)
    }

    fn for_each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: EachRow<'_>,
    ) -> Result<(), StoreError> {
        let sql = self.numbered(sql);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        if !sql.contains(';') {
            self.connection.prepare_cached(sql)?.raw_execute()?;
            return Ok(());
        }
        Ok(self.connection.execute_batch(sql)?)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Real(value) => ValueRef::Real(value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn mistyped(column: usize, value: ValueRef<'_>) -> StoreError {
    StoreError::Fault(format!("column {column} holds {}", value.data_type()))
}

impl Row for rusqlite::Row<'_> {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Integer(value) => Ok(value),
            other => Err(mistyped(column, other)),
        }
    }

    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Integer(value) => Ok(Some(value)),
            ValueRef::Null => Ok(None),
            other => Err(mistyped(column, other)),
        }
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.opt_text(column)?
            .ok_or_else(|| StoreError::Fault(format!("column {column} is NULL")))
    }

    fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes)
                .map(Some)
                .map_err(|_| StoreError::Fault(format!("column {column} is not UTF-8"))),
            ValueRef::Null => Ok(None),
            other => Err(mistyped(column, other)),
        }
    }

    fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.get_ref(column)? {
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            ValueRef::Null => Ok(None),
            other => Err(mistyped(column, other)),
        }
    }
}
