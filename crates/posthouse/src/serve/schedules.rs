//! Mail that is sent later: released when its time has come.

use std::time::Duration;

use posthouse_mailroom::Mailroom;
use tokio_util::sync::CancellationToken;

/// How long a look is put off at most, because clocks are set and machines sleep. Messages are taken a minute ahead at
/// least, here or in another process, so that nobody has to say when a nearer one has been.
const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(5);
/// Pause after the store could not be asked.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// Releases until the stop. Several processes may do it at once.
pub async fn release(mailroom: Mailroom, stop: CancellationToken) {
    match mailroom.recover_schedules().await {
        Ok(0) => {}
        Ok(recovered) => {
            tracing::info!(recovered, "took over schedules that a former process held")
        }
        Err(error) => tracing::warn!("cannot take over what a former process held: {error}"),
    }
    while !stop.is_cancelled() {
        let pause = match mailroom.release_schedules().await {
            Ok(next_us) => until(&mailroom, next_us),
            Err(error) => {
                tracing::warn!("cannot release scheduled mail, trying again: {error}");
                FAILURE_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn until(mailroom: &Mailroom, next_us: Option<i64>) -> Duration {
    let Some(next_us) = next_us else {
        return LOOK_INTERVAL_MAX;
    };
    let ahead = next_us.saturating_sub(mailroom.clock().unix_us());
    Duration::from_micros(u64::try_from(ahead).unwrap_or(0)).min(LOOK_INTERVAL_MAX)
}
