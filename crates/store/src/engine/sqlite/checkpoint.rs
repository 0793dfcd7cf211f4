//! Copying the write-ahead log back into the database, beside the writer.
//!
//! A checkpoint on the writer's thread would hold every caller up for as long as the disk takes. So another thread
//! copies the bulk and syncs it while the writer goes on, and when little is left the writer copies that between two
//! commits: then the whole log is in the database and the next commit starts it from the front, unless a reader is
//! still in the log. When one always is, the writer waits for them once the log has become long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;

use super::file::DatabaseFile;
use super::session::{Role, Session};
use crate::StoreError;
use crate::limits::{WAL_CHECKPOINT_PAGES, WAL_HANDOVER_PAGES, WAL_RESTART_PAGES};

/// Rounds in which the bulk is copied before the writer gets the rest, however much it is.
const ROUNDS_MAX: usize = 8;

/// The state that writer and checkpointer share.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    wake: mpsc::SyncSender<Wake>,
}

#[derive(Default)]
struct Shared {
    /// Pages in the log after the last commit.
    pages: AtomicI64,
    /// The bulk is being copied.
    copying: AtomicBool,
    /// The bulk is copied: the writer's turn.
    handover: AtomicBool,
    /// Copying or syncing failed. A failed sync may have lost pages and a later one would not tell, so the log must
    /// stay as it is until a restart copies all of it anew.
    failed: AtomicBool,
}

impl Shared {
    fn fail(&self, error: &StoreError) {
        tracing::error!(
            "the write-ahead log cannot be copied back, nothing more is written until a restart: {error}"
        );
        self.failed.store(true, Ordering::Release);
    }
}

enum Wake {
    Copy,
    Stop,
}

impl Checkpoints {
    /// Starts the checkpointer's thread.
    pub(super) fn start(file: &DatabaseFile) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let (wake, woken) = mpsc::sync_channel(1);
        let (file, state) = (file.clone(), Arc::clone(&shared));
        thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while let Ok(Wake::Copy) = woken.recv() {
                    match Session::open(&file, Role::Checkpointer) {
                        Ok(session) => match copy_bulk(&file, &session, &state) {
                            Ok(()) => state.handover.store(true, Ordering::Release),
                            Err(error) => state.fail(&error),
                        },
                        Err(error) => tracing::warn!("cannot copy the log back now: {error}"),
                    }
                    state.copying.store(false, Ordering::Release);
                }
            })
            .map_err(|error| {
                StoreError::Unavailable(format!("cannot start the checkpoint thread: {error}"))
            })?;
        Ok(Self { shared, wake })
    }

    /// Learns from a writing connection how long the log is after each commit.
    pub(super) fn watch(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            shared.pages.store(i64::from(pages), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(())
    }

    /// Decides, between two commits, whether the log is to be copied back.
    pub(super) fn after_commit(&self, writer: &Session) {
        if self.failed() {
            return;
        }
        let pages = self.shared.pages.load(Ordering::Relaxed);
        metrics::gauge!("posthouse_store_wal_pages").set(pages as f64);
        if self.shared.handover.swap(false, Ordering::AcqRel) {
            let copied = if pages < i64::from(WAL_RESTART_PAGES) {
                writer.copy_log_back()
            } else {
                writer.start_log_over()
            };
            if let Err(error) = copied {
                self.shared.fail(&error);
            }
            return;
        }
        if pages < i64::from(WAL_CHECKPOINT_PAGES)
            || self.shared.copying.swap(true, Ordering::AcqRel)
        {
            return;
        }
        if self.wake.try_send(Wake::Copy).is_err() {
            self.shared.copying.store(false, Ordering::Release);
        }
    }

    /// Tells whether the log can no longer be copied back; then nothing more may be written.
    pub(super) fn failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    #[cfg(test)]
    pub(super) fn fail(&self) {
        let error = StoreError::Unavailable("tested".to_owned());
        self.shared.fail(&error);
    }

    /// Ends the checkpointer's thread.
    pub(super) fn stop(&self) {
        // Full means that it is copying: it ends when this side of the channel is dropped.
        let _ = self.wake.try_send(Wake::Stop);
    }
}

/// Copies until the writer has added little since. SQLite syncs the database only when it has reached the end of the
/// log, which it does between two commits of the writer; so that little is left to sync then, it is done here.
fn copy_bulk(file: &DatabaseFile, session: &Session, shared: &Shared) -> Result<(), StoreError> {
    for _ in 0..ROUNDS_MAX {
        let copied = session.copy_log_back()?;
        file.sync().map_err(|error| {
            StoreError::Unavailable(format!("cannot sync the database: {error}"))
        })?;
        let left = shared.pages.load(Ordering::Relaxed) - copied;
        if left < i64::from(WAL_HANDOVER_PAGES) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Tx;

    /// Begins a new snapshot whenever the other reader has begun one, so that one of the two is always reading.
    fn read_by_turns(
        file: &DatabaseFile,
        turn: &mpsc::Receiver<()>,
        next: &mpsc::SyncSender<()>,
        end: &AtomicBool,
    ) {
        let mut session = Session::open(file, Role::Reader).unwrap();
        while turn.recv().is_ok() && !end.load(Ordering::Relaxed) {
            let _ = session.batch("ROLLBACK");
            session.batch("BEGIN").unwrap();
            let tx: &mut dyn Tx = &mut session;
            let _ = tx.query_one("SELECT COUNT(*) FROM p", &[], |row| row.int(0));
            if next.send(()).is_err() {
                break;
            }
        }
    }

    #[test]
    fn a_long_log_starts_over_although_somebody_is_always_reading() {
        let directory = tempfile::tempdir().unwrap();
        let file = DatabaseFile::open(&directory.path().join("posthouse.db")).unwrap();
        let checkpoints = Checkpoints::start(&file).unwrap();
        let mut writer = Session::open(&file, Role::Writer(&checkpoints)).unwrap();
        writer.batch("CREATE TABLE p (i INTEGER)").unwrap();
        let ((to_first, first), (to_second, second)) =
            (mpsc::sync_channel(1), mpsc::sync_channel(1));
        to_first.send(()).unwrap();
        let end = AtomicBool::new(false);
        thread::scope(|scope| {
            let (file, end) = (&file, &end);
            scope.spawn(move || read_by_turns(file, &first, &to_second, end));
            scope.spawn(move || read_by_turns(file, &second, &to_first, end));
            let mut pages = Vec::new();
            for _ in 0..100 {
                writer.batch("INSERT INTO p VALUES (1)").unwrap();
                pages.push(checkpoints.shared.pages.load(Ordering::Relaxed));
                // As if the log were long and the bulk of it copied.
                let long = i64::from(WAL_RESTART_PAGES);
                checkpoints.shared.pages.store(long, Ordering::Relaxed);
                checkpoints.shared.handover.store(true, Ordering::Release);
                checkpoints.after_commit(&writer);
            }
            end.store(true, Ordering::Relaxed);
            assert!(pages.iter().all(|pages| *pages < 10), "{pages:?}");
        });
        checkpoints.stop();
    }
}
