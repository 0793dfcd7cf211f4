//! How arriving mail was judged: kept by every process that receives, reported by one.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio_util::sync::CancellationToken;

/// How often counts are kept: what a process that dies has not kept is in no report.
const KEEP_INTERVAL: Duration = Duration::from_secs(10);
/// How often is asked whether a report is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// Both where the clock can be moved by a test.
const INTERVAL_TEST: Duration = Duration::from_millis(200);
/// Pause between two steps while more are due, so that other mail goes out in between.
const STEP_PAUSE: Duration = Duration::from_secs(1);

/// Keeps counts until the stop, and the last ones then.
pub async fn keep(mailroom: Mailroom, stop: CancellationToken) {
    let mut is_stopped = false;
    while !is_stopped {
        tokio::select! {
            () = stop.cancelled() => is_stopped = true,
            () = tokio::time::sleep(interval(KEEP_INTERVAL)) => {}
        }
        if let Err(error) = mailroom.keep_sightings().await {
            tracing::warn!("cannot keep what DMARC reports tell, trying again: {error}");
        }
    }
}

/// Sends reports until the stop. Of several processes one does it at a time.
pub async fn send(mailroom: Mailroom, stop: CancellationToken) {
    let holder = format!("{}-{:016x}", std::process::id(), rand::random::<u64>());
    let mut pause = interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let step = tokio::select! {
            () = stop.cancelled() => return,
            step = mailroom.send_dmarc_reports(&holder) => step,
        };
        pause = match step {
            Ok(true) => STEP_PAUSE,
            Ok(false) => interval(LOOK_INTERVAL),
            Err(error) => {
                tracing::warn!("cannot send DMARC reports, trying again: {error}");
                interval(LOOK_INTERVAL)
            }
        };
    }
}

fn interval(usual: Duration) -> Duration {
    match std::env::var_os("POSTHOUSE_TEST_CLOCK") {
        Some(_) if cfg!(debug_assertions) => INTERVAL_TEST,
        _ => usual,
    }
}
