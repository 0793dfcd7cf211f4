//! The one task that looks at mailboxes while anybody waits.

use std::time::Duration;

use posthouse_store::tables::folders;
use posthouse_store::{StoreError, Tx};
use tokio::time::{Instant, sleep, sleep_until};

use crate::Mailroom;

/// Between two looks, however much is committed; far below what a waiting request may be late.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Between two looks when nothing is heard: a notice of another process may be lost.
const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(1);

/// Looks after every commit whether messages have entered the mailboxes that somebody waits for, as long as somebody does.
pub(super) async fn watch(mailroom: Mailroom) {
    let mut commits = mailroom.changes_hint();
    loop {
        // Seen before the look, so that what is committed meanwhile leads to the next one.
        commits.mark_unchanged();
        let Some(grants) = mailroom.inner.waits.watched() else {
            return;
        };
        let began = Instant::now();
        let look = mailroom
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, StoreError> { folders::entries(tx, &grants) })
            .await;
        match look {
            Ok(entries) => mailroom.inner.waits.tell(&entries),
            Err(error) => {
                tracing::warn!(
                    "cannot look for messages that are waited for, trying again: {error}"
                );
                sleep(LOOK_INTERVAL_MAX).await;
            }
        }
        tokio::select! {
            heard = commits.changed() => if heard.is_err() { sleep(LOOK_INTERVAL_MAX).await },
            () = sleep(LOOK_INTERVAL_MAX) => {}
        }
        sleep_until(began + LOOK_PAUSE).await;
    }
}
