//! A real Postfix is the far side.

use std::collections::BTreeSet;

use posthouse_tests::dns::NameServer;
use posthouse_tests::eventually;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::sink::{Manners, Sink};

use super::{direct, send, until_queue_is_empty, zone};
use crate::peers::postfix::Postfix;

/// Enough for sessions to be used again.
const MESSAGES: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn postfix_takes_each_message_once_over_sessions_that_are_used_again() {
    let sink = Sink::start(Manners::default()).await;
    let Some(postfix) = Postfix::start(sink.address()).await else {
        return;
    };
    let dns = NameServer::start(zone()).await;
    let server = Posthouse::start_with(Options {
        flags: direct(&dns, postfix.address().port()),
        ..Options::default()
    })
    .await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    for number in 0..MESSAGES {
        let subject = format!("number {number}");
        send(
            &api,
            &agent,
            &["a@shop.example", "b@shop.example"],
            &subject,
        )
        .await;
    }
    until_queue_is_empty(&api).await;
    let taken = eventually("Postfix to note what it took", async || {
        let log = postfix.log();
        let taken = log
            .lines()
            .filter(|line| is_taken(line, &agent.email))
            .count();
        (taken >= MESSAGES).then_some(log)
    })
    .await;
    let ids: BTreeSet<&str> = taken
        .lines()
        .filter_map(|line| line.split("message-id=").nth(1))
        .collect();
    assert_eq!(ids.len(), MESSAGES, "each message once");
    assert_eq!(taken.matches("message-id=").count(), MESSAGES);
    let sessions = taken
        .lines()
        .filter(|line| line.contains("]: connect from "));
    assert!(sessions.count() < MESSAGES, "sessions are used again");
    // It takes messages in chunks, and none of them is empty.
    assert!(!taken.contains("null BDAT request"), "{taken}");
}

/// Postfix says so when a message with both recipients is in its queue.
fn is_taken(line: &str, from: &str) -> bool {
    line.contains(&format!("from=<{from}>")) && line.contains("nrcpt=2 (queue active)")
}
