//! Leases: one holder at a time, and a late holder knows that it is late.

use posthouse_store::{Tx, leases};

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
