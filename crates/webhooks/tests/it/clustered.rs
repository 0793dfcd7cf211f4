//! Several processes over one PostgreSQL store share the work and do nothing twice.

use crate::office::{Office, until};
use crate::receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_deliver_each_event_once() {
    const EVENTS: usize = 60;
    let Some(one) = Office::on_postgres().await else {
        return;
    };
    let (other, receiver) = (one.second_process().await, Receiver::start().await);
    one.account("triage").await;
    one.subscribe(receiver.url("/hook")).await;
    let _workers = (one.work(), other.work());
    for number in 0..EVENTS {
        let office = if number % 2 == 0 { &one } else { &other };
        office.deliver("triage", &format!("Order {number}")).await;
    }
    until("all have succeeded", async || {
        one.states().await == [1; EVENTS]
    })
    .await;
    let mut ids: Vec<String> = receiver
        .notifications()
        .iter()
        .map(|request| request.event_id())
        .collect();
    assert_eq!(ids.len(), EVENTS, "none was sent twice");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), EVENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn store_09_a_reader_that_slept_past_its_lease_writes_nothing() {
    let Some(one) = Office::on_postgres().await else {
        return;
    };
    let (other, receiver) = (one.second_process().await, Receiver::start().await);
    one.account("triage").await;
    one.subscribe(receiver.url("/hook")).await;
    let (mut sleeper, mut successor) = (one.mailroom.fan_out(), other.mailroom.fan_out());
    sleeper.step(&|_| 0).await.unwrap();
    one.deliver("triage", "Order 42").await;
    let elsewhere = successor.step(&|_| 0).await.unwrap();
    assert!(elsewhere.quiet, "the log is read by one process at a time");
    assert!(one.states().await.is_empty());

    one.clock.forward(31);
    successor.step(&|_| 0).await.unwrap();
    assert_eq!(one.states().await, [0]);
    sleeper.step(&|_| 0).await.unwrap();
    one.deliver("triage", "Order 43").await;
    sleeper.step(&|_| 0).await.unwrap();
    assert_eq!(one.states().await, [0], "the late reader added nothing");
    successor.step(&|_| 0).await.unwrap();
    assert_eq!(one.states().await, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_held_is_delivered_by_another_after_its_claim() {
    let Some(one) = Office::on_postgres().await else {
        return;
    };
    let (other, receiver) = (one.second_process().await, Receiver::start().await);
    one.account("triage").await;
    one.subscribe(receiver.url("/hook")).await;
    one.deliver("triage", "Order 42").await;
    let step = one.mailroom.fan_out().step(&|_| 10).await.unwrap();
    assert_eq!(step.claimed.len(), 1);
    let _worker = other.work();
    other.clock.forward(31);
    until("it is delivered", async || one.states().await == [1]).await;
    assert_eq!(receiver.notifications().len(), 1);
}
