//! The jobs of this release: small loops over the mailroom.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio_util::sync::CancellationToken;

/// How often receipts of confirmed deliveries are dropped when no traffic does it.
const RECEIPTS_INTERVAL: Duration = Duration::from_secs(1);
/// How often expired records are looked for.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);
/// Pause between two steps while there is more to remove, so that mail goes first.
const EXPIRY_STEP_PAUSE: Duration = Duration::from_millis(50);

/// How often objects that no row names are looked for; the first time soon after the start.
const ORPHANS_INTERVAL: Duration = Duration::from_secs(6 * 3_600);
const ORPHANS_FIRST_LOOK: Duration = Duration::from_secs(60);

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

/// Removes messages' bytes that nothing refers to, and what crashes left in the blob store, until the stop. Several processes
/// may do it at once.
pub async fn remove_orphans(mailroom: Mailroom, stop: CancellationToken) {
    let mut pause = ORPHANS_FIRST_LOOK;
    while sleeps(pause, &stop).await {
        pause = ORPHANS_INTERVAL;
        match mailroom.remove_unreferenced_blobs().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed blobs that nothing refers to"),
            Err(error) => tracing::warn!("cannot look for blobs that nothing refers to: {error}"),
        }
        match mailroom.remove_orphaned_objects().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed objects that no message refers to"),
            Err(error) => {
                tracing::warn!("cannot look for objects that no message refers to: {error}")
            }
        }
    }
}

/// Waits; returns whether to go on.
async fn sleeps(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}
