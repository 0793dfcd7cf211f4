//! Both engines keep the same promises through the same SQL.

use posthouse_store::{Param, StoreError, Tx};
use posthouse_types::ids::Key;

use crate::support::{Fresh, deleted_grants, every_engine, put_deleted_grant};

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_the_vocabulary_comes_back_as_it_went_in() {
    const TEXT: &str = "Zoë \u{1F4EE} '; --";
    for fresh in every_engine().await {
        let row = fresh
            .store
            .write(|tx: &mut dyn Tx| {
                tx.batch(&tx.dialect().ddl(
                    "CREATE TABLE probe (i BIGINT, r DOUBLE PRECISION, t TEXT, b {bytes}, n TEXT);",
                ))?;
                let values = [
                    Param::Int(i64::MIN),
                    Param::Real(0.5),
                    Param::Text(TEXT),
                    Param::Bytes(&[0, 255, 10]),
                    Param::Null,
                ];
                tx.execute(
                    "INSERT INTO probe (n, b, t, r, i) VALUES ($5, $4, $3, $2, $1)",
                    &values,
                )?;
                tx.query_one("SELECT i, t, b, n FROM probe", &[], |row| {
                    Ok((
                        row.int(0)?,
                        row.string(1)?,
                        row.bytes(2)?.to_vec(),
                        row.opt_string(3)?,
                    ))
                })
            })
            .await;
        let row: Result<_, StoreError> = row;
        assert_eq!(
            row.unwrap(),
            (i64::MIN, TEXT.to_owned(), vec![0, 255, 10], None)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_may_come_in_any_order_and_more_than_once() {
    for fresh in every_engine().await {
        let sum: i64 = fresh
            .store
            .read(|tx: &mut dyn Tx| {
                let sql = "SELECT CAST($2 AS BIGINT) * 100 + CAST($1 AS BIGINT) * 10 + CAST($2 AS BIGINT)";
                tx.query_one(sql, &[Param::Int(3), Param::Int(7)], |row| row.int(0))
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        assert_eq!(sum, 737);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_that_fails_leaves_no_trace() {
    for fresh in every_engine().await {
        let failed: Result<(), StoreError> = fresh
            .store
            .write(|tx: &mut dyn Tx| {
                put_deleted_grant(tx, 1)?;
                Err(StoreError::Fault("on purpose".to_owned()))
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Fault(_))));
        assert!(fresh.store.read(deleted_grants).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_that_panics_is_an_error_and_the_store_goes_on() {
    for fresh in every_engine().await {
        let failed: Result<(), StoreError> = fresh
            .store
            .write(|tx: &mut dyn Tx| {
                put_deleted_grant(tx, 1)?;
                panic!("on purpose")
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Fault(_))));
        fresh
            .store
            .write(|tx: &mut dyn Tx| put_deleted_grant(tx, 2))
            .await
            .unwrap();
        assert_eq!(fresh.store.read(deleted_grants).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_value_is_a_conflict() {
    for fresh in every_engine().await {
        fresh
            .store
            .write(|tx: &mut dyn Tx| put_deleted_grant(tx, 1))
            .await
            .unwrap();
        let second = fresh
            .store
            .write(|tx: &mut dyn Tx| put_deleted_grant(tx, 1))
            .await;
        assert!(
            matches!(second, Err(StoreError::Conflict { .. })),
            "{second:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_stay_the_same_when_the_store_is_opened_again() {
    for fresh in every_engine().await {
        let key = fresh.store.new_key();
        let id = fresh
            .store
            .ids()
            .seal(posthouse_types::ids::Kind::Grant, key)
            .to_string();
        fresh.store.close().await;
        let again = fresh.again().await;
        assert_eq!(
            again.ids().open(posthouse_types::ids::Kind::Grant, &id),
            Some(key)
        );
        assert_eq!(again.organization(), fresh.store.organization());
        assert_ne!(again.new_key(), key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_11_a_store_from_the_future_is_refused_with_advice() {
    let fresh = Fresh::sqlite().await;
    fresh
        .store
        .write(|tx: &mut dyn Tx| {
            tx.execute(
                "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
                &[Param::Int(9_999), "future".into()],
            )
        })
        .await
        .unwrap();
    fresh.store.close().await;
    let refused = posthouse_store::Store::open(
        &fresh.config,
        std::sync::Arc::new(posthouse_types::clock::SystemClock),
    )
    .await;
    let StoreError::Refused(text) = refused.unwrap_err() else {
        panic!("not refused")
    };
    assert!(
        text.contains("9999") && text.contains("start a release"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_that_goes_on_after_a_failed_statement_is_not_taken_for_committed() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let outcome: Result<(), StoreError> = store
            .write(|tx: &mut dyn Tx| {
                put_deleted_grant(tx, 1)?;
                let clash = put_deleted_grant(tx, 1);
                assert!(matches!(clash, Err(StoreError::Conflict { .. })));
                Ok(())
            })
            .await;
        let kept = store.read(deleted_grants).await.unwrap();
        assert_eq!(outcome.is_ok(), kept == [Key(1)], "{outcome:?} {kept:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_keeps_a_bounded_number_of_statements() {
    for fresh in every_engine().await {
        let kept: Result<i64, StoreError> = fresh
            .store
            .write(|tx: &mut dyn Tx| {
                for number in 0..1_000 {
                    tx.query_one(&format!("SELECT CAST({number} AS BIGINT)"), &[], |row| {
                        row.int(0)
                    })?;
                }
                if tx.dialect().is_embedded() {
                    return Ok(0);
                }
                tx.query_one("SELECT COUNT(*) FROM pg_prepared_statements", &[], |row| {
                    row.int(0)
                })
            })
            .await;
        assert!(kept.unwrap() <= 300);
    }
}
