//! The search index follows the change log.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Pause between two looks, in which commits gather: mail is promised to be found within a second, and each transaction of
/// the index costs the same however much is in it.
const GATHERING_PAUSE: Duration = Duration::from_millis(150);
/// How long a commit that nobody told of stays unseen.
const POLL: Duration = Duration::from_millis(700);
/// Pause after the store was not available.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Indexes mail until the stop. Several processes may try: one at a time does it.
pub async fn index(mailroom: Mailroom, stop: CancellationToken) {
    until_wanted(&mailroom, &stop).await;
    let mut changes = mailroom.changes_hint();
    let mut index = mailroom.search_index();
    while !stop.is_cancelled() {
        // Seen before the log is read, so that what is committed meanwhile wakes the next turn.
        changes.mark_unchanged();
        match index.step().await {
            Ok(step) => {
                metrics::counter!("posthouse_search_indexed_messages_total")
                    .increment(step.messages as u64);
                if step.more {
                    continue;
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = changed(&mut changes) => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                pause(GATHERING_PAUSE, &stop).await;
            }
            Err(error) => {
                tracing::warn!("cannot index mail, trying again: {error}");
                pause(STORE_PAUSE, &stop).await;
            }
        }
    }
    if let Err(error) = index.finish().await {
        tracing::warn!("cannot keep the position in the change log: {error}");
    }
}

/// Waits until somebody searches, here or in another process, or the stop.
async fn until_wanted(mailroom: &Mailroom, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match mailroom.search_is_wanted().await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!("cannot see whether mail is to be indexed: {error}"),
        }
        pause(POLL, stop).await;
    }
}

async fn pause(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(length) => {}
    }
}

/// Waits for a hint; for ever when there can be none any more, because there is the poll.
async fn changed(hint: &mut watch::Receiver<u64>) {
    if hint.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
