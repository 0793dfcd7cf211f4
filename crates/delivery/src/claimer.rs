//! Claims what is due: new mail, repetitions, and what dead processes held.

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::outbound::Scope;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::config::{DeliveryConfig, Next};
use crate::lanes::Lanes;
use crate::limits::{CLAIM_PAUSE, GAUGE_INTERVAL, STORE_PAUSE};

/// Fills the lanes from the queue until the stop.
pub(crate) async fn claim(
    mailroom: Mailroom,
    lanes: Lanes,
    config: DeliveryConfig,
    stop: CancellationToken,
) {
    let scope = match config.next {
        Next::Direct { .. } => Scope::EachDomain,
        Next::Relay(_) => Scope::Everything,
    };
    let mut queued = mailroom.queue_hint();
    let mut retried = mailroom.retried_domains();
    while !stop.is_cancelled() {
        while let Some(domain) = next_of(&mut retried) {
            let destination = match scope {
                Scope::EachDomain => domain.as_str(),
                Scope::Everything => "",
            };
            lanes.return_to(destination);
        }
        // Seen before the queue is read, so that what is queued meanwhile wakes the next turn.
        queued.mark_unchanged();
        let room = |destination: &str| lanes.room(destination);
        match mailroom.claim_outbound(scope, &room).await {
            Ok(due) => {
                lanes.offer(due.claimed);
                lanes.fall_behind(&due.behind);
            }
            Err(error) => {
                tracing::warn!("cannot claim outgoing mail, trying again: {error}");
                sleep(STORE_PAUSE).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = lanes.hungry() => {}
            () = changed(&mut queued) => {}
            () = sleep(config.poll) => {}
        }
        sleep(CLAIM_PAUSE).await;
    }
}

/// Tells how much waits, until the stop.
pub(crate) async fn gauge(mailroom: Mailroom, stop: CancellationToken) {
    loop {
        match mailroom.queue_depths().await {
            Ok(depths) => {
                for (state, count) in depths {
                    metrics::gauge!("posthouse_delivery_queue_recipients", "state" => state)
                        .set(count as f64);
                }
            }
            Err(error) => tracing::debug!("cannot count outgoing mail: {error}"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(GAUGE_INTERVAL) => {}
        }
    }
}

/// Returns the next of those that wait; of too many the oldest are passed over.
fn next_of(retried: &mut broadcast::Receiver<String>) -> Option<String> {
    loop {
        match retried.try_recv() {
            Ok(domain) => return Some(domain),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
        }
    }
}

/// Waits for a hint; for ever when there can be none any more, because there is the poll.
async fn changed(hint: &mut watch::Receiver<u64>) {
    if hint.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
