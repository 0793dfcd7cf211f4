//! Leases: one holder at a time, and a late holder knows that it is late.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use posthouse_store::{Store, StoreError, Tx, leases};
use posthouse_types::clock::{Clock, SystemClock};

use crate::support::every_engine;

#[tokio::test(flavor = "multi_thread")]
async fn store_09_a_holder_that_slept_past_its_lease_is_told_so() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let first = store
            .write(|tx: &mut dyn Tx| leases::acquire(tx, "job", "a", 100, 200))
            .await
            .unwrap()
            .unwrap();
        let refused = store
            .write(|tx: &mut dyn Tx| leases::acquire(tx, "job", "b", 150, 300))
            .await
            .unwrap();
        assert_eq!(refused, None);
        let renewed = store
            .write(|tx: &mut dyn Tx| leases::acquire(tx, "job", "a", 160, 210))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(renewed.token, first.token, "a renewal keeps its token");
        let second = store
            .write(|tx: &mut dyn Tx| leases::acquire(tx, "job", "b", 220, 400))
            .await
            .unwrap()
            .unwrap();
        assert!(second.token > first.token);
        let late = first.clone();
        assert!(
            !store
                .read(move |tx: &mut dyn Tx| leases::is_current(tx, &late))
                .await
                .unwrap()
        );
        let current = second.clone();
        assert!(
            store
                .read(move |tx: &mut dyn Tx| leases::is_current(tx, &current))
                .await
                .unwrap()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_lease_is_free_at_once() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let lease = store
            .write(|tx: &mut dyn Tx| leases::acquire(tx, "job", "a", 100, 900))
            .await
            .unwrap()
            .unwrap();
        store
            .write(move |tx: &mut dyn Tx| leases::release(tx, &lease))
            .await
            .unwrap();
        assert!(
            store
                .write(|tx: &mut dyn Tx| leases::acquire(tx, "job", "b", 101, 900))
                .await
                .unwrap()
                .is_some()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_at_once_one_gets_the_lease() {
    for fresh in every_engine().await {
        let asks = (0..16).map(|number| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                store
                    .write(move |tx: &mut dyn Tx| {
                        leases::acquire(tx, "one", &format!("holder-{number}"), 100, 900)
                    })
                    .await
            })
        });
        let mut holders = 0;
        for ask in asks.collect::<Vec<_>>() {
            // PostgreSQL may refuse one of two that insert the row at the same moment; it holds nothing then.
            holders += i32::from(matches!(ask.await.unwrap(), Ok(Some(_))));
        }
        assert_eq!(holders, 1);
    }
}

/// A machine whose clock is wrong.
#[derive(Debug)]
struct WrongClock(AtomicI64);

impl Clock for WrongClock {
    fn unix_us(&self) -> i64 {
        SystemClock.unix_us() + self.0.load(Ordering::Relaxed)
    }

    fn is_of_machine(&self) -> bool {
        true
    }
}

const MINUTE_US: i64 = 60 * 1_000_000;

/// What two machines may still disagree by: far less than the shortest lease.
const AGREED_US: i64 = 2 * 1_000_000;

async fn asks(store: &Store, holder: &'static str) -> bool {
    let now_us = store.clock().unix_us();
    let asking = store.write(move |tx: &mut dyn Tx| {
        leases::acquire(tx, "job", holder, now_us, now_us + MINUTE_US)
    });
    asking
        .await
        .map(|lease| lease.is_some())
        .unwrap_or_else(|error: StoreError| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn store_09_machines_whose_clocks_disagree_by_minutes_take_no_lease_of_each_other() {
    for fresh in every_engine().await {
        // The embedded store has no other machine.
        if fresh.config.database == "sqlite" {
            continue;
        }
        let of_machine = |minutes: i64| Arc::new(WrongClock(AtomicI64::new(minutes * MINUTE_US)));
        let (slow, fast) = (of_machine(-10), of_machine(10));
        let behind = Store::open(&fresh.config, slow).await.unwrap();
        let ahead = Store::open(&fresh.config, fast.clone()).await.unwrap();
        assert!(asks(&behind, "behind").await);
        assert!(!asks(&ahead, "ahead").await, "the lease runs");
        let apart_us = ahead.clock().unix_us() - behind.clock().unix_us();
        assert!(apart_us.abs() < AGREED_US, "{apart_us}");
        // A clock that is set meanwhile is followed.
        fast.0.store(-3 * MINUTE_US, Ordering::Relaxed);
        let deadline = Instant::now() + Duration::from_secs(60);
        while (ahead.clock().unix_us() - behind.clock().unix_us()).abs() >= AGREED_US {
            assert!(Instant::now() < deadline, "it is not followed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
