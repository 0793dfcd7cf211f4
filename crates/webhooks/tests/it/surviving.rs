//! What was under way when a process died is done by the next one.

use std::time::Duration;

use posthouse_mailroom::webhooks::{Attempt, Outcome};
use posthouse_webhooks::WebhooksConfig;

use crate::office::{Office, until};
use crate::receiver::{Receiver, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_a_killed_process_held_are_made_by_the_next() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    office.deliver("triage", "Order 42").await;
    // The process dies between the commit of its claim and the call.
    let step = office.mailroom.fan_out().step(&|_| 10).await.unwrap();
    assert_eq!(step.claimed.len(), 1);
    let due = office.mailroom.claim_due_deliveries(&|_| 10).await.unwrap();
    assert!(due.claimed.is_empty(), "it is still held");
    let _worker = office.work();
    until("it arrives", async || receiver.notifications().len() == 1).await;
    assert_eq!(
        receiver.notifications()[0].envelope()["webhook_delivery_attempt"],
        1
    );
    until("that is written down", async || {
        office.states().await == [1]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_ended_is_anybodys_and_its_late_holder_changes_nothing() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    office.deliver("triage", "Order 42").await;
    let mut step = office.mailroom.fan_out().step(&|_| 10).await.unwrap();
    let late = step.claimed.remove(0);
    office.clock.forward(31);
    let due = office.mailroom.claim_due_deliveries(&|_| 10).await.unwrap();
    assert_eq!(due.claimed.len(), 1);
    let attempt = |delivery| Attempt {
        delivery,
        at_us: 0,
        duration: Duration::ZERO,
        outcome: Outcome::Answered {
            status: 400,
            retry_after: None,
        },
    };
    office
        .mailroom
        .record_attempts(vec![attempt(late)], 3)
        .await
        .unwrap();
    assert_eq!(office.states().await, [0], "the late report does not count");
    let current = due.claimed[0].clone();
    office
        .mailroom
        .record_attempts(vec![attempt(current)], 3)
        .await
        .unwrap();
    assert_eq!(office.states().await, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_fanned_out_once_by_however_many_readers_in_turn() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    for subject in ["one", "two"] {
        office.deliver("triage", subject).await;
        office.mailroom.fan_out().step(&|_| 0).await.unwrap();
    }
    office.mailroom.fan_out().step(&|_| 0).await.unwrap();
    assert_eq!(office.states().await, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_back_what_was_not_tried_and_repeats_what_was_cut_off() {
    const EVENTS: usize = 10;
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    receiver.reply_with(vec![Reply::Stall; 4]);
    for number in 0..EVENTS {
        office.deliver("triage", &format!("Order {number}")).await;
    }
    let config = WebhooksConfig {
        poll: Duration::from_millis(20),
        drain: Duration::from_millis(50),
        ..WebhooksConfig::default()
    };
    let worker = office.work_with(config);
    until("four calls are under way", async || {
        receiver.notifications().len() == 4
    })
    .await;
    worker.stop().await;
    let due = office.mailroom.claim_due_deliveries(&|_| 0).await.unwrap();
    assert_eq!(
        due.behind.len(),
        1,
        "the destination has something due at once"
    );
    assert_eq!(office.states().await, [0; EVENTS]);

    let _worker = office.work();
    until("all have succeeded", async || {
        office.states().await == [1; EVENTS]
    })
    .await;
    assert_eq!(receiver.notifications().len(), EVENTS + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_removed_after_a_week_and_not_before() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    office.account("triage").await;
    office.subscribe(receiver.url("/hook")).await;
    office.deliver("triage", "Order 42").await;
    let worker = office.work();
    until("it has succeeded", async || office.states().await == [1]).await;
    worker.stop().await;
    office.clock.forward(7 * 24 * 3_600 - 5);
    assert!(!office.mailroom.expire_deliveries().await.unwrap());
    assert_eq!(office.states().await, [1]);
    office.clock.forward(10);
    office.mailroom.expire_deliveries().await.unwrap();
    assert!(office.states().await.is_empty());
}
