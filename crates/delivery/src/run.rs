//! Delivery from start to stop.

use posthouse_mailroom::Mailroom;
use posthouse_net::resolver::Resolver;
use posthouse_net::tls_policy::TlsPolicies;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::DeliveryConfig;
use crate::connect::Connector;
use crate::lanes::Lanes;
use crate::limits::STORE_PAUSE;
use crate::{claimer, recorder};

/// Delivers mail to other servers until the stop; returns when what was on its way has an outcome or
/// [`DeliveryConfig::drain`] is over.
///
/// Several processes may run this over one store at once.
pub async fn run(
    mailroom: Mailroom,
    resolver: Resolver,
    tls: TlsPolicies,
    config: DeliveryConfig,
    stop: CancellationToken,
) {
    if !recovered(&mailroom, &stop).await {
        return;
    }
    let recorder = recorder::start(mailroom.clone());
    let connector = Connector::new(config.clone(), resolver, tls);
    let lanes = Lanes::new(mailroom.clone(), connector, recorder.reports);
    let loops = TaskTracker::new();
    let drain = config.drain;
    loops.spawn(claimer::claim(
        mailroom.clone(),
        lanes.clone(),
        config,
        recorder.is_stuck,
        stop.clone(),
    ));
    loops.spawn(claimer::gauge(mailroom.clone(), stop.clone()));
    loops.close();

    stop.cancelled().await;
    loops.wait().await;
    let untried = lanes.close(drain).await;
    // The lanes held the only ways to report.
    drop(lanes);
    if let Err(error) = recorder.task.await {
        tracing::error!("the recorder of deliveries died: {error}");
    }
    let now_us = mailroom.clock().unix_us();
    if let Err(error) = mailroom.release_outbound(untried, now_us).await {
        tracing::warn!("cannot give mail back, it waits for the end of its claims: {error}");
    }
}

/// Waits until what a former process held is let go; tells whether to begin.
async fn recovered(mailroom: &Mailroom, stop: &CancellationToken) -> bool {
    while let Err(error) = mailroom.recover_queue().await {
        tracing::warn!("cannot take over what a former process held, trying again: {error}");
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(STORE_PAUSE) => {}
        }
    }
    true
}
