//! The worker from start to stop.

use posthouse_mailroom::Mailroom;
use posthouse_net::http::GuardedClient;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::lanes::Lanes;
use crate::{WebhooksConfig, claimer, reader, recorder};

/// Delivers notifications until the stop; returns when what was on its way has arrived or [`WebhooksConfig::drain`] is
/// over.
///
/// Several processes may run this over one store at once.
pub async fn run(
    mailroom: Mailroom,
    client: GuardedClient,
    config: WebhooksConfig,
    stop: CancellationToken,
) {
    recover(&mailroom).await;
    let (reports, recording) = recorder::start(mailroom.clone(), config.attempts_max);
    let lanes = Lanes::new(mailroom.clone(), client, reports);
    let loops = TaskTracker::new();
    loops.spawn(reader::read(
        mailroom.clone(),
        lanes.clone(),
        config.poll,
        stop.clone(),
    ));
    loops.spawn(claimer::claim(
        mailroom.clone(),
        lanes.clone(),
        config.poll,
        stop.clone(),
    ));
    loops.spawn(claimer::expire(mailroom.clone(), stop.clone()));
    loops.close();

    stop.cancelled().await;
    loops.wait().await;
    let untried = lanes.close(config.drain).await;
    // The lanes held the only ways to report.
    drop(lanes);
    if let Err(error) = recording.await {
        tracing::error!("the recorder of webhook attempts died: {error}");
    }
    if let Err(error) = mailroom.release_deliveries(untried).await {
        tracing::warn!(
            "cannot give deliveries back, they wait for the end of their claims: {error}"
        );
    }
}

async fn recover(mailroom: &Mailroom) {
    match mailroom.recover_deliveries().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "deliveries of the former process are repeated"),
        Err(error) => tracing::warn!(
            "cannot take over the former process's deliveries, they wait for the end of their claims: {error}"
        ),
    }
}
