//! The server is killed while it delivers: every message arrives, and twice only what was on its way at that moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use posthouse_tests::database::Database;
use posthouse_tests::dns::NameServer;
use posthouse_tests::eventually_within;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::sink::{Manners, Sink};

use super::{direct, queue, send, subjects, zone};

/// Messages sent before the first kill.
const MESSAGES: usize = 150;

/// Times that the server is killed.
const KILLS: usize = 4;

/// Messages that can be on their way at once: the window between the far 250 and our commit is as wide.
const SESSIONS: usize = 20;

/// On a shared database a killed process keeps its claims for a minute.
const CLAIMS_DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_delivering_the_embedded_store_loses_nothing_and_doubles_only_the_window() {
    kill_and_count(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_delivering_postgresql_loses_nothing_and_doubles_only_the_window() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    kill_and_count(options).await;
}

async fn kill_and_count(mut options: Options) {
    let sink = Sink::start(Manners {
        thinks: Duration::from_millis(40),
        ..Manners::default()
    })
    .await;
    let dns = NameServer::start(zone()).await;
    options.flags = direct(&dns, sink.address().port());
    let mut server = Posthouse::start_with(options).await;
    let agent = server.create_account("agent").await;
    let mut expected = BTreeSet::new();
    for number in 0..MESSAGES {
        let subject = format!("number {number}");
        let to = format!("r{number}@shop.example");
        send(&server.api(), &agent, &[&to], &subject).await;
        expected.insert(subject);
        if number % (MESSAGES / KILLS) == MESSAGES / KILLS - 1 {
            server.kill();
            server.launch().await;
        }
    }
    let api = server.api();
    eventually_within(CLAIMS_DEADLINE, "everything to be delivered", async || {
        queue(&api).await.is_empty().then_some(())
    })
    .await;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for subject in subjects(&sink) {
        *times.entry(subject).or_default() += 1;
    }
    let arrived: BTreeSet<String> = times.keys().cloned().collect();
    assert_eq!(arrived, expected, "something was lost");
    let twice = times.values().filter(|count| **count > 1).count();
    assert!(twice <= KILLS * SESSIONS, "{twice} arrived twice");
    println!(
        "{} messages over {KILLS} kills, {twice} of them twice",
        arrived.len()
    );
}
