//! Copying the write-ahead log back into the database, beside the writer.
//!
//! A checkpoint on the writer's thread would hold every caller up for as long as the disk takes. So another thread
//! copies the bulk while the writer goes on, and when little is left the writer copies that between two commits: then
//! the whole log is in the database and the next commit starts it from the front.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;

use super::session::{Role, Session};
use crate::StoreError;
use crate::limits::{WAL_CHECKPOINT_PAGES, WAL_HANDOVER_PAGES};

/// Rounds in which the bulk is copied before the writer gets the rest, however much it is.
const ROUNDS_MAX: usize = 4;

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
}

enum Wake {
    Copy,
    Stop,
}

impl Checkpoints {
    /// Starts the checkpointer's thread.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let (wake, woken) = mpsc::sync_channel(1);
        let (path, state) = (path.to_owned(), Arc::clone(&shared));
        thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while let Ok(Wake::Copy) = woken.recv() {
                    copy_bulk(&path);
                    state.copying.store(false, Ordering::Release);
                    state.handover.store(true, Ordering::Release);
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
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if self.shared.handover.swap(false, Ordering::AcqRel) {
            if let Err(error) = writer.copy_log_back() {
                tracing::warn!("cannot copy the write-ahead log back: {error}");
            }
            return;
        }
        if pages < i64::from(WAL_CHECKPOINT_PAGES)
            || self.shared.copying.swap(true, Ordering::AcqRel)
        {
            return;
        }
        metrics::gauge!("posthouse_store_wal_pages").set(pages as f64);
        if self.wake.try_send(Wake::Copy).is_err() {
            self.shared.copying.store(false, Ordering::Release);
        }
    }

    /// Ends the checkpointer's thread.
    pub(super) fn stop(&self) {
        // Full means that it is copying: it ends when this side of the channel is dropped.
        let _ = self.wake.try_send(Wake::Stop);
    }
}

fn copy_bulk(path: &Path) {
    let copied = Session::open(path, Role::Checkpointer).and_then(|session| {
        for _ in 0..ROUNDS_MAX {
            if session.copy_log_back()? < i64::from(WAL_HANDOVER_PAGES) {
                break;
            }
        }
        Ok(())
    });
    if let Err(error) = copied {
        tracing::warn!("cannot copy the write-ahead log back: {error}");
    }
}
