//! The jobs of this release: two small loops over the mailroom.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio_util::sync::CancellationToken;

/// How often receipts of confirmed deliveries are dropped when no traffic does it.
const RECEIPTS_INTERVAL: Duration = Duration::from_secs(1);
/// How often expired records are looked for.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);
/// Pause between two steps while there is more to remove, so that mail goes first.
const EXPIRY_STEP_PAUSE: Duration = Duration::from_millis(50);

/// Drops confirmed receipts until the stop. Runs in every process that receives mail: they are noted in memory.
pub async fn drop_receipts(mailroom: Mailroom, stop: CancellationToken) {
    while sleeps(RECEIPTS_INTERVAL, &stop).await {
        if let Err(error) = mailroom.drop_confirmed_receipts().await {
            tracing::warn!("cannot drop confirmed receipts, trying again: {error}");
        }
    }
}

/// Removes records that have served their time, until the stop. Several processes may do it at once.
pub async fn expire(mailroom: Mailroom, stop: CancellationToken) {
    let mut pause = EXPIRY_INTERVAL;
    while sleeps(pause, &stop).await {
        pause = match mailroom.expire_records().await {
            Ok(true) => EXPIRY_STEP_PAUSE,
            Ok(false) => EXPIRY_INTERVAL,
            Err(error) => {
                tracing::warn!("cannot remove expired records, trying again: {error}");
                EXPIRY_INTERVAL
            }
        };
    }
}

/// Waits; returns whether to go on.
async fn sleeps(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}
