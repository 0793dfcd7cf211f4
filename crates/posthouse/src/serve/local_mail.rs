//! Mail between mailboxes of this server: delivered from the queue as soon as it is sent.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio_util::sync::CancellationToken;

/// How often the queue is looked at when nobody in this process has put anything into it.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Pause after the store could not be asked.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// Delivers until the stop. Several processes may do it at once.
pub async fn deliver(mailroom: Mailroom, stop: CancellationToken) {
    match mailroom.recover_queue().await {
        Ok(0) => {}
        Ok(recovered) => tracing::info!(recovered, "took over mail that a former process held"),
        Err(error) => tracing::warn!("cannot take over what a former process held: {error}"),
    }
    let mut hint = mailroom.queue_hint();
    loop {
        let pause = match mailroom.deliver_local_mail().await {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK_INTERVAL,
            Err(error) => {
                tracing::warn!("cannot deliver mail between mailboxes here, trying again: {error}");
                FAILURE_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hint.changed(), if pause == LOOK_INTERVAL => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
