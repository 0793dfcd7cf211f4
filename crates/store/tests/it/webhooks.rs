//! Destinations and the queue of their deliveries.

use std::collections::BTreeSet;

use posthouse_store::tables::applications::{self, Application};
use posthouse_store::tables::deliveries::{self, Claim, DeliveryState, NewDelivery, Outcome};
use posthouse_store::tables::webhooks::{self, Webhook, WebhookScope};
use posthouse_store::{Store, StoreError, Tx};
use posthouse_types::ids::Key;

use crate::support::every_engine;

const APPLICATION: Key = Key(100);

fn application(id: Key) -> Application {
    Application {
        id,
        name: "app".to_owned(),
        region: "us".to_owned(),
        environment: "production".to_owned(),
        default_workspace: Key(1),
        settings: "{}".to_owned(),
        created_at: 1,
        updated_at: 1,
    }
}

fn webhook(id: i64, application: Key, url: &str) -> Webhook {
    Webhook {
        id: Key(id),
        application,
        url: url.to_owned(),
        description: "d".to_owned(),
        trigger_types: "[\"message.created\"]".to_owned(),
        secret: vec![1, 2, 3],
        status: "active".to_owned(),
        compressed_delivery: true,
        notification_emails: "[]".to_owned(),
        scope: WebhookScope::Workspace(Key(9)),
        include_junk: false,
        status_updated_at: 1,
        created_at: 2,
        updated_at: 3,
    }
}

async fn with_applications(store: &Store) {
    store
        .write(|tx: &mut dyn Tx| {
            applications::insert(tx, &application(APPLICATION))?;
            applications::insert(tx, &application(Key(200)))
        })
        .await
        .unwrap();
}

async fn put(store: &Store, ids: std::ops::Range<i64>, webhook: Key, due_us: i64) {
    store
        .write(move |tx: &mut dyn Tx| {
            ids.into_iter().try_for_each(|id| {
                let delivery = NewDelivery {
                    id: Key(id),
                    application: APPLICATION,
                    webhook,
                    grant: None,
                    event: Key(id),
                    trigger_type: "message.created",
                    state: DeliveryState::Waiting,
                    due_us,
                    claimed: false,
                    body: b"{}",
                    now: 1,
                };
                deliveries::insert(tx, &delivery)
            })
        })
        .await
        .unwrap();
}

async fn claim(store: &Store, webhook: Key, now_us: i64, limit: i64) -> Vec<Claim> {
    let until_us = now_us + 30;
    store
        .write(move |tx: &mut dyn Tx| deliveries::claim(tx, webhook, now_us, until_us, limit))
        .await
        .unwrap()
}

async fn record(store: &Store, claim: &Claim, state: DeliveryState, due_us: i64) -> bool {
    let outcome = Outcome {
        id: claim.id,
        token: claim.token,
        state,
        attempt: claim.attempt + 1,
        due_us,
        attempts: "[{}]".to_owned(),
    };
    store
        .write(move |tx: &mut dyn Tx| deliveries::record(tx, &outcome))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_comes_back_as_it_was_put_and_for_its_application_only() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        with_applications(store).await;
        let one = webhook(1, APPLICATION, "https://a.example/");
        let (row, same_url) = (one.clone(), webhook(2, APPLICATION, "https://a.example/"));
        let foreign = webhook(3, Key(200), "https://a.example/");
        let inserted = store
            .write(move |tx: &mut dyn Tx| {
                Ok::<_, StoreError>([
                    webhooks::insert(tx, &row)?,
                    webhooks::insert(tx, &same_url)?,
                    webhooks::insert(tx, &foreign)?,
                ])
            })
            .await
            .unwrap();
        assert_eq!(inserted, [true, false, true]);
        let found = store
            .read(|tx: &mut dyn Tx| {
                assert!(webhooks::any(tx)?);
                assert_eq!(webhooks::find(tx, Key(200), Key(1))?, None);
                assert_eq!(
                    webhooks::of_applications(tx, &[APPLICATION, Key(200)])?.len(),
                    2
                );
                assert_eq!(webhooks::count(tx, APPLICATION)?, 1);
                webhooks::find(tx, APPLICATION, Key(1))
            })
            .await
            .unwrap();
        assert_eq!(found, Some(one.clone()));

        let mut changed = webhook(4, APPLICATION, "https://b.example/");
        let row = changed.clone();
        store
            .write(move |tx: &mut dyn Tx| webhooks::insert(tx, &row))
            .await
            .unwrap();
        changed.url = one.url;
        let refused = store
            .write(move |tx: &mut dyn Tx| webhooks::update(tx, &changed))
            .await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{refused:?}"
        );
        let gone = store
            .write(|tx: &mut dyn Tx| {
                assert!(!webhooks::delete(tx, Key(200), Key(1))?);
                webhooks::delete(tx, APPLICATION, Key(1))
            })
            .await;
        assert!(gone.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claimers_each_delivery_goes_to_one() {
    const DELIVERIES: i64 = 200;
    for fresh in every_engine().await {
        put(&fresh.store, 1..DELIVERIES + 1, Key(7), 10).await;
        let claimers = (0..8).map(|_| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claims = claim(&store, Key(7), 10, 9).await;
                    assert!(claims.len() <= 9, "a claim passed its limit");
                    if claims.is_empty() {
                        return mine;
                    }
                    mine.extend(claims.into_iter().map(|claim| claim.id.0));
                }
            })
        });
        let mut all = Vec::new();
        for claimer in claimers.collect::<Vec<_>>() {
            all.extend(claimer.await.unwrap());
        }
        let left = claim(&fresh.store, Key(7), 10, DELIVERIES).await;
        all.extend(left.iter().map(|claim| claim.id.0));
        let distinct: BTreeSet<i64> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len(), "a delivery was claimed twice");
        assert_eq!(distinct.len() as i64, DELIVERIES);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_09_a_claim_that_ended_is_taken_over_and_its_late_holder_changes_nothing() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        put(store, 1..2, Key(7), 10).await;
        let first = claim(store, Key(7), 10, 5).await.remove(0);
        assert_eq!((first.token, first.until_us), (2, 40));
        assert!(claim(store, Key(7), 39, 5).await.is_empty(), "it is held");
        let second = claim(store, Key(7), 40, 5).await.remove(0);
        assert!(second.token > first.token);
        assert!(!record(store, &first, DeliveryState::Failed, 0).await);
        assert!(record(store, &second, DeliveryState::Waiting, 100).await);
        assert!(
            !record(store, &second, DeliveryState::Failed, 0).await,
            "a claim ends once"
        );
        assert!(
            claim(store, Key(7), 99, 5).await.is_empty(),
            "it is not due"
        );
        let third = claim(store, Key(7), 100, 5).await.remove(0);
        assert_eq!((third.attempt, third.attempts.as_str()), (1, "[{}]"));
        assert!(record(store, &third, DeliveryState::Succeeded, 0).await);
        assert!(claim(store, Key(7), i64::MAX - 100, 5).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_working_destinations_with_something_due_are_named() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        with_applications(store).await;
        store
            .write(|tx: &mut dyn Tx| {
                for (id, status) in [
                    (1, "active"),
                    (2, "pause"),
                    (3, "failing"),
                    (4, "failed"),
                    (5, "active"),
                ] {
                    let mut row = webhook(id, APPLICATION, &format!("https://{id}.example/"));
                    row.status = status.to_owned();
                    webhooks::insert(tx, &row)?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        for id in 1..5 {
            put(store, id * 10..id * 10 + 3, Key(id), 10).await;
        }
        put(store, 50..51, Key(5), 11).await;
        let due = |behind, now_us| {
            store.read(move |tx: &mut dyn Tx| deliveries::due_webhooks(tx, behind, now_us, 10))
        };
        assert_eq!(due(Key(0), 10).await.unwrap(), [Key(1), Key(3)]);
        assert_eq!(due(Key(1), 11).await.unwrap(), [Key(3), Key(5)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_released_skipped_dropped_and_expired_in_bounded_steps() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        put(store, 1..11, Key(7), 10).await;
        let held = claim(store, Key(7), 10, 4).await;
        let back = held[0].clone();
        store
            .write(move |tx: &mut dyn Tx| deliveries::release(tx, back.id, back.token, 11))
            .await
            .unwrap();
        let released = store
            .write(|tx: &mut dyn Tx| deliveries::release_all(tx, 12))
            .await;
        assert_eq!(released.unwrap(), 3);
        let skipped = store
            .write(|tx: &mut dyn Tx| deliveries::skip_waiting(tx, Key(7), 6))
            .await;
        assert_eq!(skipped.unwrap(), 6);
        assert_eq!(claim(store, Key(7), 12, 100).await.len(), 4);
        let expired = store
            .write(|tx: &mut dyn Tx| {
                assert!(deliveries::any_before(tx, Key(4))?);
                assert!(!deliveries::any_before(tx, Key(1))?);
                deliveries::expire(tx, Key(4), 2)
            })
            .await;
        assert_eq!(expired.unwrap(), 2);
        let dropped = store
            .write(|tx: &mut dyn Tx| deliveries::drop_all(tx, Key(7), 100))
            .await;
        assert_eq!(dropped.unwrap(), 8);
    }
}
