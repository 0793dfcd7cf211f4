//! A claim that runs out while its mail is on its way, and a store that is away when an outcome is to be written: the message
//! arrives once all the same.

use std::time::Duration;

use posthouse_tests::database::Database;
use posthouse_tests::dns::NameServer;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::sink::{Manners, Moment, Sink};
use posthouse_tests::{eventually, eventually_within};

use super::misbehaving::Clock;
use super::{direct, send, subjects, until_queue_is_empty, zone};

/// Seconds after which a claim that nobody renews has run out.
const PAST_THE_CLAIM: i64 = 70;

/// More failures than a recorder that gives up would have waited for.
const FAILURES: usize = 25;

const OUTAGE_DEADLINE: Duration = Duration::from_secs(60);

async fn server(
    clock: &Clock,
    dns: &NameServer,
    sink: &Sink,
    database: Option<Database>,
) -> Posthouse {
    Posthouse::start_with(Options {
        flags: direct(dns, sink.address().port()),
        environment: vec![clock.environment()],
        database,
        ..Options::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_greets_after_the_claim_has_run_out_gets_the_message_once() {
    let (clock, dns) = (Clock::new(), NameServer::start(zone()).await);
    let sink = Sink::start(Manners {
        holds: Some(Moment::Greeting),
        ..Manners::default()
    })
    .await;
    let server = server(&clock, &dns, &sink, None).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "patience").await;
    eventually("the held session", async || sink.is_holding().then_some(())).await;
    clock.ahead(PAST_THE_CLAIM);
    // The row is claimed once more: its claim has run out.
    claimed_again(&server).await;
    sink.go_on();
    until_queue_is_empty(&api).await;
    assert_eq!(subjects(&sink), ["patience"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn store_09_who_comes_back_late_in_the_middle_of_a_message_does_not_end_it() {
    let (clock, dns) = (Clock::new(), NameServer::start(zone()).await);
    let sink = Sink::start(Manners {
        holds: Some(Moment::Data),
        ..Manners::default()
    })
    .await;
    let server = server(&clock, &dns, &sink, None).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "late").await;
    // Not before: what has just connected makes sure of its claim, whatever the time is.
    eventually("the held session", async || sink.is_holding().then_some(())).await;
    clock.ahead(PAST_THE_CLAIM);
    // Somebody else delivers it, over a session that is not held.
    until_queue_is_empty(&api).await;
    assert_eq!(subjects(&sink), ["late"]);
    sink.go_on();
    eventually("the late one to give up", async || {
        server.log().contains("deferred=1").then_some(())
    })
    .await;
    assert_eq!(subjects(&sink), ["late"]);
}

/// Waits until the queue shows that a former attempt was given up.
async fn claimed_again(server: &Posthouse) {
    let api = server.api();
    eventually("the second claim", async || {
        let row = super::queue(&api).await.pop()?;
        let reply = row["last_reply"].as_str()?;
        reply.contains("ended without an answer").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_when_the_outcome_is_to_be_written_does_not_double_the_message() {
    let Some(database) = Database::create().await else {
        return;
    };
    let connecting = tokio_postgres::connect(database.url(), tokio_postgres::NoTls);
    let (client, connection) = connecting.await.expect("the database");
    let connection = tokio::spawn(connection);
    let (clock, dns) = (Clock::new(), NameServer::start(zone()).await);
    let sink = Sink::start(Manners {
        holds: Some(Moment::End),
        ..Manners::default()
    })
    .await;
    let server = server(&clock, &dns, &sink, Some(database)).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    send(&api, &agent, &["a@shop.example"], "once").await;
    eventually("the held session", async || sink.is_holding().then_some(())).await;
    let away = "alter table dispatched rename to away";
    client.batch_execute(away).await.expect("an outage");
    sink.go_on();
    eventually_within(OUTAGE_DEADLINE, "many failures", async || {
        let log = server.log();
        let failures = log.matches("cannot write down what became of mail").count();
        (failures >= FAILURES).then_some(())
    })
    .await;
    let back = "alter table away rename to dispatched";
    client.batch_execute(back).await.expect("its end");
    clock.ahead(PAST_THE_CLAIM);
    until_queue_is_empty(&api).await;
    assert_eq!(subjects(&sink), ["once"]);
    drop(client);
    drop(connection.await);
}
