//! Writes down how attempts ended. Reports that come close together share a transaction: a success that is not written
//! before a crash is repeated, which receivers have to expect anyway.

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::webhooks::Attempt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::limits::{REPORT_WAIT, REPORTS_PER_COMMIT_MAX, REPORTS_WAITING_MAX};

/// Starts the recorder; it ends when the last sender is gone and everything is written.
pub(crate) fn start(
    mailroom: Mailroom,
    attempts_max: u32,
) -> (mpsc::Sender<Attempt>, JoinHandle<()>) {
    let (reports, received) = mpsc::channel(REPORTS_WAITING_MAX);
    (
        reports,
        tokio::spawn(record(mailroom, attempts_max, received)),
    )
}

async fn record(mailroom: Mailroom, attempts_max: u32, mut received: mpsc::Receiver<Attempt>) {
    let mut some = Vec::with_capacity(REPORTS_PER_COMMIT_MAX);
    while received.recv_many(&mut some, REPORTS_PER_COMMIT_MAX).await > 0 {
        if some.len() < REPORTS_PER_COMMIT_MAX && !received.is_closed() {
            sleep(REPORT_WAIT).await;
            while some.len() < REPORTS_PER_COMMIT_MAX
                && let Ok(one) = received.try_recv()
            {
                some.push(one);
            }
        }
        let attempts = std::mem::take(&mut some);
        if let Err(error) = mailroom.record_attempts(attempts, attempts_max).await {
            tracing::warn!("cannot write down webhook attempts, they are repeated: {error}");
        }
    }
}
