//! DNS of domains: the eyes for it, and the job that looks again every day.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use posthouse_mailroom::Mailroom;
use posthouse_mailroom::domains::Surroundings;
use posthouse_net::resolver::Resolver;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How often is asked whether a record is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// The same where the clock can be moved by a test.
const LOOK_INTERVAL_TEST: Duration = Duration::from_millis(200);
/// Pause between two steps while more are due, so that name servers are not flooded.
const STEP_PAUSE: Duration = Duration::from_secs(1);

/// Returns how the world meets this server.
///
/// # Errors
/// When the resolver cannot be set up.
pub fn surroundings(config: &Config, resolver: &Resolver) -> anyhow::Result<Surroundings> {
    let live = resolver.live().context("cannot set up DNS")?;
    Ok(Surroundings {
        sight: Arc::new(live),
        addresses: config.public_ip.clone(),
        spf_include: config.spf_include.clone(),
    })
}

/// Looks at due records until the stop. Of several processes one does it at a time.
pub async fn recheck(mailroom: Mailroom, stop: CancellationToken) {
    let interval = match std::env::var_os("POSTHOUSE_TEST_CLOCK") {
        Some(_) if cfg!(debug_assertions) => LOOK_INTERVAL_TEST,
        _ => LOOK_INTERVAL,
    };
    let holder = format!("{}-{:016x}", std::process::id(), rand::random::<u64>());
    let mut pause = interval;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let step = tokio::select! {
            () = stop.cancelled() => return,
            step = mailroom.recheck_domains(&holder) => step,
        };
        pause = match step {
            Ok(true) => STEP_PAUSE.min(interval),
            Ok(false) => interval,
            Err(error) => {
                tracing::warn!("cannot look at the records of domains, trying again: {error}");
                interval
            }
        };
    }
}
