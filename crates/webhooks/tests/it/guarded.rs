//! The product path through the guarded client: what it refuses never becomes a destination, or is not called.

use posthouse_mailroom::Refusal;

use crate::office::{Office, Reach, for_messages, until};
use crate::receiver::{Challenge, Receiver, Reply};

async fn expect_nothing_stored(office: &Office) {
    assert!(
        office
            .mailroom
            .list_webhooks(&office.actor)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_01_no_spelling_of_an_inside_address_becomes_a_destination() {
    let (office, receiver) = (
        Office::reaching(Reach::Public).await,
        Receiver::start().await,
    );
    let port = receiver.port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "[fc00::1]",
        "localhost",
        "localhost.",
        "a.localhost",
    ] {
        for scheme in ["http", "https"] {
            let refused = office
                .try_create(for_messages(format!("{scheme}://{host}:{port}/hook")))
                .await;
            let Err(Refusal::ChallengeFailed { message }) = refused else {
                panic!("{scheme}://{host}: {refused:?}")
            };
            assert!(message.starts_with("verify webhook URL"), "{message}");
        }
    }
    for url in [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://user:pass@hooks.example/",
        "https:///hook",
    ] {
        let refused = office.try_create(for_messages(url)).await;
        assert!(refused.is_err(), "{url}");
    }
    let refused = office
        .mailroom
        .send_test_event(&office.actor, &receiver.url("/hook"), None)
        .await;
    assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    assert!(receiver.challenges().is_empty() && receiver.notifications().is_empty());
    expect_nothing_stored(&office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_02_a_name_that_moves_inside_after_its_challenge_is_not_called() {
    let (office, receiver) = (
        Office::reaching(Reach::Allowed).await,
        Receiver::start().await,
    );
    let _worker = office.work();
    office.account("triage").await;
    office.names.answer(&["127.0.0.1"]);
    office
        .subscribe(format!("http://hooks.example:{}/hook", receiver.port()))
        .await;
    office.names.answer(&["127.0.0.2"]);
    office.deliver("triage", "Order 42").await;
    until("the attempt is written down", async || {
        office
            .deliveries()
            .await
            .first()
            .is_some_and(|(_, attempt, _)| *attempt == 1)
    })
    .await;
    assert!(receiver.notifications().is_empty());
    let (_, _, log) = office.deliveries().await.remove(0);
    let error = log[0]["error"].as_str().unwrap();
    assert!(
        error.contains("not allowed") && !error.contains("127.0.0.2"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_03_mixed_and_missing_answers_are_refused() {
    let (office, receiver) = (
        Office::reaching(Reach::Allowed).await,
        Receiver::start().await,
    );
    let url = format!("http://hooks.example:{}/hook", receiver.port());
    for answer in [
        &["127.0.0.1", "10.0.0.1"][..],
        &["10.0.0.1", "127.0.0.1"],
        &[],
    ] {
        office.names.answer(answer);
        let refused = office.try_create(for_messages(url.clone())).await;
        assert!(
            matches!(refused, Err(Refusal::ChallengeFailed { .. })),
            "{answer:?}: {refused:?}"
        );
    }
    assert!(receiver.challenges().is_empty());
    expect_nothing_stored(&office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_04_a_challenge_that_redirects_is_not_followed() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    receiver.challenge_with(Challenge::Redirect);
    let refused = office.try_create(for_messages(receiver.url("/hook"))).await;
    assert!(
        matches!(refused, Err(Refusal::ChallengeFailed { message }) if message.contains("302"))
    );
    assert_eq!(receiver.challenges().len(), 1);
    expect_nothing_stored(&office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hook_05_an_answer_without_end_ends_and_the_next_delivery_goes_out() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let _worker = office.work();
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    receiver.reply_with(vec![Reply::Endless; 4]);
    for number in 0..8 {
        office.deliver("triage", &format!("Order {number}")).await;
    }
    until("all are delivered", async || {
        office.states().await == [1; 8]
    })
    .await;
}
