//! Writes down what became of mail. Reports that come while others are being written share the next transaction; none waits
//! for others, because until it is written a crash would send its message once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::outbound::AttemptReport;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::limits::{
    REPORT_ATTEMPTS_MAX, REPORTS_PER_COMMIT_MAX, REPORTS_WAITING_MAX, STORE_PAUSE,
};

/// A recorder that works; it ends when the last sender is gone and everything is written.
pub(crate) struct Recorder {
    /// What became of mail goes in here.
    pub(crate) reports: mpsc::Sender<AttemptReport>,
    /// Whether something cannot be written at the moment.
    pub(crate) is_stuck: Arc<AtomicBool>,
    pub(crate) task: JoinHandle<()>,
}

/// Starts the recorder.
pub(crate) fn start(mailroom: Mailroom) -> Recorder {
    let (reports, received) = mpsc::channel(REPORTS_WAITING_MAX);
    let is_stuck = Arc::new(AtomicBool::new(false));
    Recorder {
        reports,
        is_stuck: Arc::clone(&is_stuck),
        task: tokio::spawn(record(mailroom, received, is_stuck)),
    }
}

async fn record(
    mailroom: Mailroom,
    mut received: mpsc::Receiver<AttemptReport>,
    is_stuck: Arc<AtomicBool>,
) {
    let mut some = Vec::with_capacity(REPORTS_PER_COMMIT_MAX);
    while received.recv_many(&mut some, REPORTS_PER_COMMIT_MAX).await > 0 {
        let reports = std::mem::take(&mut some);
        let mut attempts_at_the_end = 0;
        // What is given up here is sent once more: only a server that stops does so while the store is away.
        while let Err(error) = mailroom.record_outcome(&reports).await {
            is_stuck.store(true, Ordering::Relaxed);
            tracing::warn!("cannot write down what became of mail, trying again: {error}");
            attempts_at_the_end += usize::from(received.is_closed());
            if attempts_at_the_end >= REPORT_ATTEMPTS_MAX {
                break;
            }
            sleep(STORE_PAUSE).await;
        }
        is_stuck.store(false, Ordering::Relaxed);
    }
}
