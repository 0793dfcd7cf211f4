//! Servers that are down, slow, busy, forgetful or liars: nothing is lost, nothing is sent twice, and nobody else waits.

use std::collections::BTreeSet;
use std::time::Duration;

use posthouse_tests::dns::NameServer;
use posthouse_tests::eventually_within;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::sink::{Manners, Moment, Sink};
use serde_json::json;
use tempfile::TempDir;

use super::{direct, queue, send, server, subjects, until_queue_is_empty, zone};

/// Messages to a server that hangs up.
const MESSAGES: usize = 12;

/// A file that moves the server's clock.
pub(super) struct Clock {
    directory: TempDir,
}

impl Clock {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory }
    }

    pub(super) fn ahead(&self, seconds: i64) {
        let aside = self.directory.path().join("next");
        std::fs::write(&aside, seconds.to_string()).expect("a clock to write");
        std::fs::rename(&aside, self.directory.path().join("clock")).expect("a clock to set");
    }

    pub(super) fn environment(&self) -> (String, String) {
        let path = self.directory.path().join("clock");
        let path = path.to_string_lossy().into_owned();
        ("POSTHOUSE_TEST_CLOCK".to_owned(), path)
    }
}

async fn send_numbered(server: &Posthouse, agent: &Account, count: usize) -> BTreeSet<String> {
    let api = server.api();
    let mut subjects = BTreeSet::new();
    for number in 0..count {
        let subject = format!("number {number}");
        send(&api, agent, &[&format!("r{number}@shop.example")], &subject).await;
        subjects.insert(subject);
    }
    subjects
}

/// Asks for whatever waits to be tried until nothing does.
async fn retry_until_empty(server: &Posthouse) {
    let api = server.api();
    eventually_within(
        Duration::from_secs(60),
        "everything to be delivered",
        async || {
            let rows = queue(&api).await;
            for row in &rows {
                if row["state"] == "deferred" {
                    let id = row["id"].as_str().expect("an id");
                    let path = format!("/v3/admin/queue/{id}/retry");
                    api.post(&path, json!({})).await;
                }
            }
            rows.is_empty().then_some(())
        },
    )
    .await;
}

fn each_once(sink: &Sink, expected: &BTreeSet<String>) {
    let mut arrived = subjects(sink);
    arrived.sort();
    assert_eq!(arrived, Vec::from_iter(expected.clone()), "not each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_05_a_server_that_hangs_up_in_any_state_gets_each_message_once() {
    for moment in [
        Moment::Mail,
        Moment::Rcpt,
        Moment::Data,
        Moment::Content,
        Moment::End,
    ] {
        let sink = Sink::start(Manners {
            hangs_up: Some((moment, 2)),
            ..Manners::default()
        })
        .await;
        let dns = NameServer::start(zone()).await;
        let server = server(&dns, &sink).await;
        let agent = server.create_account("agent").await;
        let expected = send_numbered(&server, &agent, MESSAGES).await;
        retry_until_empty(&server).await;
        each_once(&sink, &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn greylisted_mail_is_tried_again_on_its_schedule() {
    let clock = Clock::new();
    let sink = Sink::start(Manners {
        greylists: true,
        ..Manners::default()
    })
    .await;
    let dns = NameServer::start(zone()).await;
    let server = Posthouse::start_with(Options {
        flags: direct(&dns, sink.address().port()),
        environment: vec![clock.environment()],
        ..Options::default()
    })
    .await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "patience").await;
    let row = posthouse_tests::eventually("the deferral", async || {
        let row = queue(&api).await.pop()?;
        (row["state"] == "deferred").then_some(row)
    })
    .await;
    let wait = row["next_attempt_at"].as_i64().expect("a time")
        - row["created_at"].as_i64().expect("a time");
    assert!((60..=310).contains(&wait), "{wait}");
    clock.ahead(310);
    until_queue_is_empty(&api).await;
    assert_eq!(subjects(&sink), ["patience"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_gets_its_mail_when_it_is_back_and_bounces_only_after_the_period() {
    let clock = Clock::new();
    let (port, dns) = (closed_port().await, NameServer::start(zone()).await);
    let server = Posthouse::start_with(Options {
        flags: direct(&dns, port),
        environment: vec![clock.environment()],
        ..Options::default()
    })
    .await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "x").await;
    let row = posthouse_tests::eventually("the deferral", async || {
        let row = queue(&api).await.pop()?;
        (row["state"] == "deferred").then_some(row)
    })
    .await;
    let reply = row["last_reply"].as_str().expect("a reply");
    assert!(
        reply.starts_with("451 4.4.1 cannot connect to mx.shop.example"),
        "{reply}"
    );
    // The last attempt is made when the time is over, and then it is given up.
    clock.ahead(49 * 3_600);
    let id = row["id"].as_str().expect("an id");
    eventually_within(Duration::from_secs(60), "the bounce", async || {
        queue(&api).await.is_empty().then_some(())
    })
    .await;
    api.get(&format!("/v3/admin/queue/{id}")).await.expect(404);
}

async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_after_a_few_messages_gets_the_others_on_new_sessions() {
    let sink = Sink::start(Manners {
        closes_after: Some(3),
        ..Manners::default()
    })
    .await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let agent = server.create_account("agent").await;
    let expected = send_numbered(&server, &agent, 20).await;
    retry_until_empty(&server).await;
    each_once(&sink, &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_what_it_does_not_know_loses_nothing() {
    let sink = Sink::start(Manners {
        offers: vec!["CHUNKING", "STARTTLS", "PIPELINING", "AUTH PLAIN"],
        ..Manners::default()
    })
    .await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "x").await;
    until_queue_is_empty(&api).await;
    assert_eq!(subjects(&sink), ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_is_used_for_several_messages() {
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let agent = server.create_account("agent").await;
    let expected = send_numbered(&server, &agent, 20).await;
    until_queue_is_empty(&server.api()).await;
    each_once(&sink, &expected);
    assert!(sink.connections() < 20, "{}", sink.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_20_silent_and_dead_destinations_do_not_delay_others() {
    let sink = Sink::start(Manners::default()).await;
    let silent = sink
        .beside(
            2,
            Manners {
                is_silent: true,
                ..Manners::default()
            },
        )
        .await;
    let mut zone = zone();
    for number in 0..20 {
        zone = zone.address(&format!("silent{number}.example"), [127, 0, 0, 2].into());
        zone = zone.address(&format!("dead{number}.example"), [127, 0, 0, 3].into());
    }
    let dns = NameServer::start(zone).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    for number in 0..20 {
        let to = [
            format!("a@silent{number}.example"),
            format!("a@dead{number}.example"),
        ];
        send(&api, &agent, &[&to[0], &to[1]], "stuck").await;
    }
    posthouse_tests::eventually("the silent ones to be connected to", async || {
        (silent.connections() == 20).then_some(())
    })
    .await;
    let expected = send_numbered(&server, &agent, 20).await;
    posthouse_tests::eventually("the living to get theirs", async || {
        (sink.captured().len() == 20).then_some(())
    })
    .await;
    each_once(&sink, &expected);
    posthouse_tests::eventually("only the others to be left", async || {
        (queue(&api).await.len() == 40).then_some(())
    })
    .await;
}
