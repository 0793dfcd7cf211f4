//! Spam: who is asked about mail, and what workspaces learn.

use std::sync::Arc;
use std::time::Duration;

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::spam::{Outside, SpamSettings};
use posthouse_net::resolver::{Resolve, Resolver};
use posthouse_net::scanners::block_list::BlockLists;
use posthouse_net::scanners::clamd::Clamd;
use posthouse_net::scanners::rspamd::Rspamd;
use posthouse_net::scanners::spamassassin::Spamd;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How often lessons are looked for; one narrow look when there are none.
const LESSONS_INTERVAL: Duration = Duration::from_secs(1);
/// Pause after the store was not available.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// Makes what the operator decided.
pub fn settings(config: &Config, resolver: &Resolver) -> SpamSettings {
    let spam = &config.spam;
    let names: Arc<dyn Resolve> = Arc::new(resolver.clone());
    let lists = BlockLists::new(
        Arc::new(resolver.clone()),
        spam.address_lists.clone(),
        spam.domain_lists.clone(),
    );
    let any_list = !spam.address_lists.is_empty() || !spam.domain_lists.is_empty();
    SpamSettings {
        threshold: spam.threshold,
        outside: Outside {
            block_lists: any_list.then_some(lists),
            rspamd: spam
                .rspamd
                .clone()
                .map(|place| Rspamd::new(place, names.clone(), spam.scan_time)),
            spamassassin: spam
                .spamassassin
                .clone()
                .map(|place| Spamd::new(place, names.clone(), spam.scan_time)),
            clamd: spam
                .clamd
                .clone()
                .map(|place| Clamd::new(place, names, spam.scan_time)),
            virus_trouble: spam.virus_trouble,
        },
    }
}

/// Learns what moves teach, until the stop. Several processes may do it at once: each lesson counts once.
pub async fn learn(mailroom: Mailroom, stop: CancellationToken) {
    let mut pause = LESSONS_INTERVAL;
    while sleeps(pause, &stop).await {
        pause = match mailroom.learn_spam().await {
            Ok(true) => Duration::from_millis(20),
            Ok(false) => LESSONS_INTERVAL,
            Err(error) => {
                tracing::warn!("cannot learn what is spam, trying again: {error}");
                STORE_PAUSE
            }
        };
    }
}

async fn sleeps(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}
