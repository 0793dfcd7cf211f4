//! Claims what is due: new mail, repetitions, and what dead processes held.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::outbound::Scope;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::config::{DeliveryConfig, Next};
use crate::lanes::Lanes;
use crate::limits::{ASKED_LOOK_PAUSE, CLAIM_PAUSE, GAUGE_INTERVAL, STORE_PAUSE};

/// Fills the lanes from the queue until the stop; not while outcomes cannot be written (`is_stuck`), because the claims of mail
/// that has arrived run out meanwhile and it would be claimed again.
pub(crate) async fn claim(
    mailroom: Mailroom,
    lanes: Lanes,
    config: DeliveryConfig,
    is_stuck: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    let scope = match config.next {
        Next::Direct { .. } => Scope::EachDomain,
        Next::Relay(_) => Scope::Everything,
    };
    let mut queued = mailroom.queue_hint();
    let mut asked = Asked::default();
    while !stop.is_cancelled() {
        for domain in asked.news(&mailroom).await {
            let destination = match scope {
                Scope::EachDomain => domain.as_str(),
                Scope::Everything => "",
            };
            lanes.return_to(destination);
        }
        if is_stuck.load(Ordering::Relaxed) {
            sleep(STORE_PAUSE).await;
            continue;
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

/// What an operator asked for, here or at another process, and was done.
#[derive(Default)]
struct Asked {
    looked_at: Option<Instant>,
    done: HashMap<String, i64>,
}

impl Asked {
    /// Returns the domains that an operator wants tried at once, each time that he does once.
    async fn news(&mut self, mailroom: &Mailroom) -> Vec<String> {
        if self
            .looked_at
            .is_some_and(|at| at.elapsed() < ASKED_LOOK_PAUSE)
        {
            return Vec::new();
        }
        self.looked_at = Some(Instant::now());
        let asked = match mailroom.asked_destinations().await {
            Ok(asked) => asked,
            Err(error) => {
                tracing::debug!("cannot see what an operator wants tried: {error}");
                return Vec::new();
            }
        };
        let news = asked
            .iter()
            .filter(|(domain, at_us)| self.done.get(domain) != Some(at_us));
        let news = news.map(|(domain, _)| domain.clone()).collect();
        self.done = asked.into_iter().collect();
        news
    }
}

/// Waits for a hint; for ever when there can be none any more, because there is the poll.
async fn changed(hint: &mut watch::Receiver<u64>) {
    if hint.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
