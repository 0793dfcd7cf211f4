//! Group commit: many closures share one commit, and each keeps its own fate.

use posthouse_store::{StoreError, Tx};

use crate::support::{Fresh, deleted_grants, every_engine, put_deleted_grant};

#[tokio::test(flavor = "multi_thread")]
async fn closures_that_fail_beside_others_take_back_only_themselves() {
    for fresh in every_engine().await {
        let mut tasks = Vec::new();
        for number in 0..200_i64 {
            let store = fresh.store.clone();
            tasks.push(tokio::spawn(async move {
                let outcome: Result<(), StoreError> = store
                    .write(move |tx: &mut dyn Tx| {
                        put_deleted_grant(tx, number)?;
                        if number % 3 == 0 {
                            Err(StoreError::Fault("on purpose".to_owned()))
                        } else {
                            Ok(())
                        }
                    })
                    .await;
                assert_eq!(outcome.is_err(), number % 3 == 0);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let kept: Vec<i64> = fresh
            .store
            .read(deleted_grants)
            .await
            .unwrap()
            .iter()
            .map(|key| key.0)
            .collect();
        let expected: Vec<i64> = (0..200).filter(|number| number % 3 != 0).collect();
        assert_eq!(kept, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_in_the_file_before_the_store_is_closed() {
    let fresh = Fresh::sqlite().await;
    fresh
        .store
        .write(|tx: &mut dyn Tx| put_deleted_grant(tx, 5))
        .await
        .unwrap();
    // A copy of the files as a power cut would leave them: no close, no checkpoint.
    let copy = tempfile::tempdir().unwrap();
    for name in ["posthouse.db", "posthouse.db-wal"] {
        std::fs::copy(fresh.config.data_dir.join(name), copy.path().join(name)).unwrap();
    }
    let config = posthouse_store::StoreConfig {
        data_dir: copy.path().to_owned(),
        ..fresh.config.clone()
    };
    let reopened = posthouse_store::Store::open(&config, fresh.store.clock().clone())
        .await
        .unwrap();
    assert_eq!(reopened.read(deleted_grants).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_refuses_instead_of_hanging() {
    let fresh = Fresh::sqlite().await;
    fresh.store.close().await;
    let late = fresh
        .store
        .write(|tx: &mut dyn Tx| put_deleted_grant(tx, 1))
        .await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
}
