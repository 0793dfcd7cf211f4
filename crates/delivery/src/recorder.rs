//! Writes down what became of mail. Reports that come while others are being written share the next transaction; none waits
//! for others, because until it is written a crash would send its message once more.

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::outbound::AttemptReport;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::limits::{
    REPORT_ATTEMPTS_MAX, REPORTS_PER_COMMIT_MAX, REPORTS_WAITING_MAX, STORE_PAUSE,
};

/// Starts the recorder; it ends when the last sender is gone and everything is written.
pub(crate) fn start(mailroom: Mailroom) -> (mpsc::Sender<AttemptReport>, JoinHandle<()>) {
    let (reports, received) = mpsc::channel(REPORTS_WAITING_MAX);
    (reports, tokio::spawn(record(mailroom, received)))
}

async fn record(mailroom: Mailroom, mut received: mpsc::Receiver<AttemptReport>) {
    let mut some = Vec::with_capacity(REPORTS_PER_COMMIT_MAX);
    while received.recv_many(&mut some, REPORTS_PER_COMMIT_MAX).await > 0 {
        let reports = std::mem::take(&mut some);
        for _ in 0..REPORT_ATTEMPTS_MAX {
            match mailroom.record_outcome(&reports).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!("cannot write down what became of mail, trying again: {error}");
                    sleep(STORE_PAUSE).await;
                }
            }
        }
    }
}
