//! Claims what is due: repetitions, deliveries of dead processes, and what there was no room for.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::lanes::Lanes;
use crate::limits::{EXPIRY_INTERVAL, EXPIRY_STEP_PAUSE, STORE_PAUSE};

/// Fills the lanes from the queue until the stop.
pub(crate) async fn claim(
    mailroom: Mailroom,
    lanes: Lanes,
    poll: Duration,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match mailroom
            .claim_due_deliveries(&|webhook| lanes.room(webhook))
            .await
        {
            Ok(due) => {
                lanes.offer(due.claimed);
                lanes.fall_behind(&due.behind);
            }
            Err(error) => {
                tracing::warn!("cannot claim webhook deliveries, trying again: {error}");
                sleep(STORE_PAUSE).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = lanes.hungry() => {}
            () = sleep(poll) => {}
        }
    }
}

/// Removes deliveries that have served their time, until the stop.
pub(crate) async fn expire(mailroom: Mailroom, stop: CancellationToken) {
    let mut pause = EXPIRY_INTERVAL;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        pause = match mailroom.expire_deliveries().await {
            Ok(true) => EXPIRY_STEP_PAUSE,
            Ok(false) => EXPIRY_INTERVAL,
            Err(error) => {
                tracing::warn!("cannot remove old webhook deliveries, trying again: {error}");
                EXPIRY_INTERVAL
            }
        };
    }
}
