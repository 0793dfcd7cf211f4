//! One connection: its settings, its statements, and the vocabulary of store code on top of it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};

use super::checkpoint::Checkpoints;
use super::file::DatabaseFile;
use super::index::IndexFile;
use super::job::Job;
use crate::StoreError;
use crate::engine::Dialect;
use crate::limits::{
    BUSY_WAIT, INDEX_CACHE_KIB, READER_CACHE_KIB, STATEMENTS_CACHED_MAX, WAL_KEPT_BYTES_MAX,
    WAL_RESTART_WAIT, WRITER_CACHE_KIB,
};
use crate::sql::{EachRow, Param, Row, Tx};

/// What a connection is for.
pub(super) enum Role<'a> {
    /// Writing; tells the checkpoints how long the log is.
    Writer(&'a Checkpoints),
    /// Reading.
    Reader,
    /// Copying the log back.
    Checkpointer,
    /// Writing a search index; tells how many pages its log has.
    Indexer(&'a Arc<AtomicI64>),
}

/// One connection with its rewritten statements.
pub(super) struct Session {
    connection: Connection,
    numbered: HashMap<Box<str>, Box<str>>,
    /// Bytes handed to statements since the transaction began: what it keeps in memory until its commit, roughly.
    handed_bytes: usize,
    /// Whether the transaction has changed what governs accounts.
    governs: bool,
    /// The search index that searches on this connection read.
    index: Option<Arc<IndexFile>>,
    /// After the connection, so that it is dropped after it.
    _file: DatabaseFile,
}

impl Session {
    /// Opens the database and settles the connection's role.
    pub(super) fn open(file: &DatabaseFile, role: Role<'_>) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(file.path(), flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
        connection.busy_timeout(BUSY_WAIT)?;
        let settings = match role {
            Role::Writer(_) => format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {WAL_KEPT_BYTES_MAX};
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{WRITER_CACHE_KIB}; PRAGMA cache_spill = OFF;"
            ),
            Role::Reader => format!(
                "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{READER_CACHE_KIB};
                 PRAGMA mmap_size = 1073741824;"
            ),
            Role::Checkpointer => "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL;".to_owned(),
            // What the disk has not got when the power fails is read from the change log again.
            Role::Indexer(_) => format!(
                "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {WAL_KEPT_BYTES_MAX};
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{INDEX_CACHE_KIB};"
            ),
        };
        connection.execute_batch(&settings)?;
        // The writer copies the log back when it ends in order; the last connection to close must not do it unasked.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        if let Role::Writer(checkpoints) = role {
            require_durable(&connection)?;
            checkpoints.watch(&mut connection)?;
        }
        if let Role::Indexer(pages) = role {
            let pages = Arc::clone(pages);
            connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count: i32| {
                pages.store(i64::from(count), Ordering::Relaxed);
                Ok(())
            }))?;
        }
        Ok(Self {
            connection,
            numbered: HashMap::new(),
            handed_bytes: 0,
            governs: false,
            index: None,
            _file: file.clone(),
        })
    }

    /// Has searches on this connection read an index; must be called between transactions.
    pub(super) fn attach(&mut self, index: &Arc<IndexFile>) -> Result<(), StoreError> {
        if let Some(attached) = &self.index {
            if Arc::ptr_eq(attached, index) {
                return Ok(());
            }
            self.connection.execute_batch("DETACH DATABASE finder")?;
            self.index = None;
        }
        let path = index.path();
        // Attaching what is not there would make an empty file.
        if !path.exists() {
            let gone = format!("{} is gone", path.display());
            return Err(StoreError::Damaged(gone));
        }
        let path = path.to_str().ok_or_else(|| {
            StoreError::Refused("the data directory's path is not UTF-8".to_owned())
        })?;
        self.connection
            .execute("ATTACH DATABASE ?1 AS finder", [path])?;
        self.index = Some(Arc::clone(index));
        self.connection.execute_batch(&format!(
            "PRAGMA finder.cache_size = -{READER_CACHE_KIB}; PRAGMA finder.mmap_size = 1073741824;"
        ))?;
        Ok(())
    }

    /// Takes a transaction back, if one is still running.
    pub(super) fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.batch("ROLLBACK");
        }
    }

    /// Copies back what can be copied without waiting; returns how many pages of the log are now in the database.
    pub(super) fn copy_log_back(&self) -> Result<i64, StoreError> {
        self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// Copies everything back and waits, for a moment, until no reader is in the log any more: then the next commit
    /// starts it from the front.
    pub(super) fn start_log_over(&self) -> Result<i64, StoreError> {
        self.connection.busy_timeout(WAL_RESTART_WAIT)?;
        let copied = self.checkpoint("PRAGMA wal_checkpoint(RESTART)");
        self.connection.busy_timeout(BUSY_WAIT)?;
        copied
    }

    fn checkpoint(&self, pragma: &str) -> Result<i64, StoreError> {
        let copied = self.connection.query_row(pragma, [], |row| row.get(2));
        Ok(copied?)
    }

    /// Copies all of the log back and empties it.
    pub(super) fn truncate_log(&self) {
        // An unread log is no loss: the next start reads it.
        let _ = self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        self.handed_bytes = 0;
        self.batch("BEGIN IMMEDIATE")
    }

    /// Returns how many bytes of text and blobs statements were given since the transaction began.
    pub(super) fn handed_bytes(&self) -> usize {
        self.handed_bytes
    }

    /// Tells whether what governs accounts was changed since this was asked last.
    pub(super) fn took_governance(&mut self) -> bool {
        std::mem::take(&mut self.governs)
    }

    /// Runs the first job of a transaction. Its failure takes back the transaction, in which there is nothing else, and
    /// begins another: that spares the savepoint, which would note down every page before it is changed.
    pub(super) fn first_in_transaction(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        if job.run(self) {
            return Ok(());
        }
        // Some failures, such as a full disk, have ended the transaction already.
        if !self.connection.is_autocommit() {
            self.batch("ROLLBACK")?;
        }
        self.begin()
    }

    /// Runs a job so that its failure takes back only its own effects.
    pub(super) fn in_savepoint(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.batch("SAVEPOINT job")?;
        if !job.run(self) {
            self.batch("ROLLBACK TO job")?;
        }
        self.batch("RELEASE job")
    }

    /// Runs a closure against one state of the database.
    pub(super) fn snapshot<T, E, F>(&mut self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        self.batch("BEGIN")?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        });
        // Some failures have ended the transaction already; theirs is the error to report.
        if !self.connection.is_autocommit() {
            self.batch("ROLLBACK")?;
        }
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
        self.handed_bytes += params.iter().map(Param::len).sum::<usize>();
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

    fn note_governance(&mut self) {
        self.governs = true;
    }

    fn note_index_damage(&mut self) {
        if let Some(index) = &self.index {
            index.note_damage();
        }
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
