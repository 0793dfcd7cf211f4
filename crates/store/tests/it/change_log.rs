//! The change log: every reader sees every change once, in order.

use std::collections::BTreeSet;

use posthouse_store::changes::{self, ChangeKind, Cursor, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use crate::support::every_engine;

fn change(object: i64, grant: i64) -> NewChange<'static> {
    NewChange {
        application: Key(1),
        grant: Some(Key(grant)),
        kind: ChangeKind::MessageCreated,
        object: Key(object),
        at_us: object,
        data: None,
    }
}

/// Reads the log from its start until it shows `count` changes.
///
/// Transactions of other databases on the same server hold the reader back as well, so the first look may be too early.
async fn changes_once_visible(
    store: &posthouse_store::Store,
    count: usize,
) -> Vec<changes::Change> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let seen = store
            .read(|tx: &mut dyn Tx| changes::after(tx, Cursor::default(), 100))
            .await
            .unwrap();
        if seen.len() >= count {
            return seen;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the reader stays behind: {seen:?}"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_12_a_reader_beside_busy_writers_misses_nothing_and_sees_nothing_twice() {
    const WRITERS: i64 = 8;
    const CHANGES_PER_WRITER: i64 = 60;
    for fresh in every_engine().await {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = fresh.store.clone();
                tokio::spawn(async move {
                    for number in 0..CHANGES_PER_WRITER {
                        let object = writer * CHANGES_PER_WRITER + number;
                        let slow = number % 7 == 0;
                        let wrote: Result<(), StoreError> = store
                            .write(move |tx: &mut dyn Tx| {
                                Dialect::lock_grant(tx, Key(writer))?;
                                changes::append(tx, &change(object, writer))?;
                                if slow {
                                    // Holds an early number while others commit theirs.
                                    tx.query("SELECT COUNT(*) FROM changes", &[], |row| {
                                        row.int(0)
                                    })?;
                                    std::thread::yield_now();
                                }
                                Ok(())
                            })
                            .await;
                        wrote.unwrap();
                    }
                })
            })
            .collect();
        let mut seen: Vec<(i64, i64)> = Vec::new();
        let mut cursor = Cursor::default();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while seen.len() < (WRITERS * CHANGES_PER_WRITER) as usize {
            assert!(
                std::time::Instant::now() < deadline,
                "only {} changes arrived",
                seen.len()
            );
            let batch = fresh
                .store
                .read(move |tx: &mut dyn Tx| changes::after(tx, cursor, 17))
                .await
                .unwrap();
            for change in batch {
                assert!(change.position > cursor);
                cursor = change.position;
                seen.push((change.grant.unwrap().0, change.object.0));
            }
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "a change was seen twice");
        for grant in 0..WRITERS {
            let of_grant: Vec<i64> = seen
                .iter()
                .filter(|(of, _)| *of == grant)
                .map(|(_, object)| *object)
                .collect();
            assert!(
                of_grant.is_sorted(),
                "changes of one account came out of order"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_still_runs_holds_back_the_reader() {
    for fresh in every_engine().await {
        if fresh.config.database == "sqlite" {
            // One writer: no transaction can run beside another.
            continue;
        }
        let (holding, held) = tokio::sync::oneshot::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let store = fresh.store.clone();
        let slow = tokio::spawn(async move {
            store
                .write(move |tx: &mut dyn Tx| {
                    changes::append(tx, &change(1, 1))?;
                    let _ = holding.send(());
                    let _ = released.recv();
                    Ok::<_, StoreError>(())
                })
                .await
        });
        held.await.unwrap();
        fresh
            .store
            .write(|tx: &mut dyn Tx| changes::append(tx, &change(2, 2)))
            .await
            .unwrap();
        let early = fresh
            .store
            .read(|tx: &mut dyn Tx| changes::after(tx, Cursor::default(), 10))
            .await
            .unwrap();
        assert!(
            early.is_empty(),
            "the reader went past a running transaction: {early:?}"
        );
        release.send(()).unwrap();
        slow.await.unwrap().unwrap();
        let late = changes_once_visible(&fresh.store, 2).await;
        assert_eq!(
            late.iter()
                .map(|change| change.object.0)
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_kept_with_the_effect_it_stands_for() {
    for fresh in every_engine().await {
        let to = Cursor { tx: 3, seq: 9 };
        let failed: Result<(), StoreError> = fresh
            .store
            .write(move |tx: &mut dyn Tx| {
                changes::advance(tx, "reader", to)?;
                Err(StoreError::Fault("on purpose".to_owned()))
            })
            .await;
        assert!(failed.is_err());
        let read = |tx: &mut dyn Tx| changes::cursor(tx, "reader");
        assert_eq!(fresh.store.read(read).await.unwrap(), Cursor::default());
        fresh
            .store
            .write(move |tx: &mut dyn Tx| changes::advance(tx, "reader", to))
            .await
            .unwrap();
        assert_eq!(fresh.store.read(read).await.unwrap(), to);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_changes_are_pruned_only_when_the_slowest_reader_has_passed_them() {
    for fresh in every_engine().await {
        for object in 1..=5 {
            fresh
                .store
                .write(move |tx: &mut dyn Tx| changes::append(tx, &change(object, 1)))
                .await
                .unwrap();
        }
        let all = changes_once_visible(&fresh.store, 5).await;
        assert_eq!(
            fresh
                .store
                .write(|tx: &mut dyn Tx| changes::prune(tx, 100, 10))
                .await
                .unwrap(),
            0
        );
        let passed = all[2].position;
        fresh
            .store
            .write(move |tx: &mut dyn Tx| changes::advance(tx, "slow", passed))
            .await
            .unwrap();
        fresh
            .store
            .write(|tx: &mut dyn Tx| {
                changes::advance(
                    tx,
                    "fast",
                    Cursor {
                        tx: i64::MAX,
                        seq: i64::MAX,
                    },
                )
            })
            .await
            .unwrap();
        assert_eq!(
            fresh
                .store
                .write(|tx: &mut dyn Tx| changes::prune(tx, 100, 10))
                .await
                .unwrap(),
            3
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_hears_of_a_change() {
    for fresh in every_engine().await {
        let embedded = fresh
            .store
            .read(|tx: &mut dyn Tx| Ok::<_, StoreError>(tx.dialect().is_embedded()))
            .await;
        if embedded.unwrap() {
            // No other process shares it.
            continue;
        }
        let other = fresh.again().await;
        let mut hint = other.changes_hint();
        let hears = async {
            // It may still be about to listen: what comes before that is not heard.
            for object in 1.. {
                let written = fresh
                    .store
                    .write(move |tx: &mut dyn Tx| changes::append(tx, &change(object, 1)))
                    .await;
                written.unwrap();
                let pause = std::time::Duration::from_millis(50);
                if tokio::time::timeout(pause, hint.changed()).await.is_ok() {
                    break;
                }
            }
        };
        let heard = tokio::time::timeout(std::time::Duration::from_secs(20), hears).await;
        assert!(heard.is_ok(), "the other node heard nothing");
    }
}
