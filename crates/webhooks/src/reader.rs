//! Reads the change log, whenever it may have grown.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::lanes::Lanes;
use crate::limits::STORE_PAUSE;

/// Turns changes into deliveries until the stop.
pub(crate) async fn read(
    mailroom: Mailroom,
    lanes: Lanes,
    poll: Duration,
    stop: CancellationToken,
) {
    let mut changes = mailroom.changes_hint();
    let mut destinations = mailroom.destinations_hint();
    let mut fan_out = mailroom.fan_out();
    while !stop.is_cancelled() {
        // Seen before the log is read, so that what is committed meanwhile wakes the next turn.
        changes.mark_unchanged();
        destinations.mark_unchanged();
        let step = fan_out.step(&|webhook| lanes.room_for_new(webhook)).await;
        let quiet = match step {
            Ok(step) => {
                metrics::counter!("posthouse_webhooks_fanned_out_total")
                    .increment(step.claimed.len() as u64);
                lanes.offer(step.claimed);
                lanes.fall_behind(&step.behind);
                if step.more {
                    continue;
                }
                step.quiet
            }
            Err(error) => {
                tracing::warn!("cannot read changes for webhooks, trying again: {error}");
                sleep(STORE_PAUSE).await;
                continue;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            // Where there is nobody to notify, commits are no news.
            () = changed(&mut changes), if !quiet => {}
            () = changed(&mut destinations) => {}
            () = sleep(poll) => {}
        }
    }
    if let Err(error) = fan_out.finish().await {
        tracing::warn!("cannot keep the position in the change log: {error}");
    }
}

/// Waits for a hint; for ever when there can be none any more, because there is the poll.
async fn changed(hint: &mut watch::Receiver<u64>) {
    if hint.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
