//! The search index follows the change log.

use std::time::Duration;

use posthouse_mailroom::search::{Indexed, Pace, SearchIndex, rebuild::NextIndex};
use posthouse_mailroom::{Mailroom, Refusal};
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
    let mut changes = mailroom.changes_hint();
    let mut indexing = Indexing {
        pace: Pace::default(),
        serving: mailroom.search_index(),
        next: None,
        mailroom,
    };
    while !stop.is_cancelled() {
        // Seen before the log is read, so that what is committed meanwhile wakes the next turn.
        changes.mark_unchanged();
        match indexing.turn().await {
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
    if let Err(error) = indexing.serving.finish().await {
        tracing::warn!("cannot keep the position in the change log: {error}");
    }
}

/// The index that serves, and the one that is to take its place, if there is one.
struct Indexing {
    mailroom: Mailroom,
    pace: Pace,
    serving: SearchIndex,
    next: Option<NextIndex>,
}

impl Indexing {
    /// Indexes some mail; new mail first, so that it is found while everything is indexed anew.
    async fn turn(&mut self) -> Result<Indexed, Refusal> {
        if self.pace.waits(&self.mailroom).await? {
            return Ok(Indexed::default());
        }
        let step = self.serving.step().await?;
        if step.more {
            return Ok(step);
        }
        let Some(next) = self.mailroom.next_search_index() else {
            self.next = None;
            return Ok(step);
        };
        let next = self.next.get_or_insert(next);
        let rebuilt = next.step().await?;
        if !rebuilt.more {
            self.next = None;
            self.serving = self.mailroom.search_index();
        }
        Ok(rebuilt)
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
