//! Lists and evaluations.

use posthouse_store::tables::lists::{self, StoredList};
use posthouse_store::tables::rule_evaluations::{self, Filter, StoredEvaluation};
use posthouse_store::{Store, StoreError, Tx};
use posthouse_types::ids::Key;

use crate::support::every_engine;

const APPLICATION: Key = Key(7);

async fn list(store: &Store, items: Vec<String>) -> Key {
    let (id, keys) = (store.new_key(), store.clone());
    store
        .write(move |tx: &mut dyn Tx| -> Result<Key, StoreError> {
            let row = StoredList {
                id,
                application: APPLICATION,
                name: "known".to_owned(),
                description: None,
                kind: 1,
                items_count: 0,
                created_at: 1,
                updated_at: 1,
            };
            lists::insert(tx, &row)?;
            lists::add_items(tx, id, &items, 2, || keys.new_key())?;
            Ok(id)
        })
        .await
        .unwrap()
}

async fn count(store: &Store, list: Key) -> Option<i64> {
    let row = store
        .read(move |tx: &mut dyn Tx| lists::find(tx, APPLICATION, list))
        .await;
    row.unwrap().map(|row| row.items_count)
}

fn values(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("d{number}.example")).collect()
}

async fn on_lists(store: &Store, pairs: &[(Key, &str)]) -> Vec<(Key, String)> {
    let pairs: Vec<(Key, String)> = pairs
        .iter()
        .map(|(list, value)| (*list, (*value).to_owned()))
        .collect();
    let found = store.read(move |tx: &mut dyn Tx| lists::holding(tx, &pairs));
    found.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_counted_exactly_whatever_is_added_and_removed_twice() {
    for fresh in every_engine().await {
        let store = fresh.store.clone();
        let list = list(&store, values(0..450)).await;
        assert_eq!(count(&store, list).await, Some(450));
        let keys = store.clone();
        let (added, removed) = store
            .write(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                let added = lists::add_items(tx, list, &values(440..460), 3, || keys.new_key())?;
                let removed = lists::remove_items(tx, list, &values(455..700), 4)?;
                Ok((added, removed))
            })
            .await
            .unwrap();
        assert_eq!((added, removed), (10, 5));
        assert_eq!(count(&store, list).await, Some(455));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_found_on_the_lists_that_have_it_and_on_no_deleted_one() {
    for fresh in every_engine().await {
        let store = fresh.store.clone();
        let one = list(&store, values(0..300)).await;
        let other = list(&store, values(200..500)).await;
        let mut found = on_lists(
            &store,
            &[
                (one, "d1.example"),
                (one, "d250.example"),
                (one, "d400.example"),
                (other, "d250.example"),
                (other, "d1.example"),
            ],
        )
        .await;
        found.sort();
        let shared = "d250.example".to_owned();
        assert_eq!(
            found,
            [
                (one, "d1.example".to_owned()),
                (one, shared.clone()),
                (other, shared.clone())
            ]
        );
        let removed = store.write(move |tx: &mut dyn Tx| lists::delete(tx, APPLICATION, one));
        assert!(removed.await.unwrap());
        let left = on_lists(&store, &[(one, "d250.example"), (other, "d250.example")]).await;
        assert_eq!(left, [(other, shared)]);
        let sweep = || async {
            let step = store.write(|tx: &mut dyn Tx| lists::sweep_deleted(tx, 200));
            step.await.unwrap()
        };
        assert_eq!((sweep().await, sweep().await, sweep().await), (200, 100, 0));
        assert_eq!(count(&store, other).await, Some(300));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluations_are_found_newest_first_by_each_filter_and_go_when_they_are_old() {
    for fresh in every_engine().await {
        let store = fresh.store.clone();
        let grant = store.new_key();
        let rows: Vec<StoredEvaluation> = (0..6)
            .map(|number| StoredEvaluation {
                id: Key(1_000 + number),
                application: APPLICATION,
                grant,
                message: (number % 2 == 0).then_some(Key(50 + number)),
                stage: 1 + number % 3,
                outcome: i64::from(number == 4),
                document: "{}".to_owned(),
            })
            .collect();
        store
            .write(move |tx: &mut dyn Tx| {
                rows.iter()
                    .try_for_each(|row| rule_evaluations::insert(tx, row))
            })
            .await
            .unwrap();
        let page = |filter: Filter| {
            let filter = Filter { limit: 4, ..filter };
            let store = store.clone();
            async move {
                let rows =
                    store.read(move |tx: &mut dyn Tx| rule_evaluations::page(tx, grant, &filter));
                let keys = rows.await.unwrap().into_iter().map(|row| row.id.0 - 1_000);
                keys.collect::<Vec<_>>()
            }
        };
        assert_eq!(page(Filter::default()).await, [5, 4, 3, 2]);
        let behind = Filter {
            below: Some(Key(1_002)),
            ..Filter::default()
        };
        assert_eq!(page(behind).await, [1, 0]);
        let of_message = Filter {
            message: Some(Key(52)),
            ..Filter::default()
        };
        assert_eq!(page(of_message).await, [2]);
        let of_stage = Filter {
            stage: Some(2),
            ..Filter::default()
        };
        assert_eq!(page(of_stage).await, [4, 1]);
        let blocked = Filter {
            outcome: Some(1),
            ..Filter::default()
        };
        assert_eq!(page(blocked).await, [4]);
        let expired = store.write(|tx: &mut dyn Tx| rule_evaluations::expire(tx, Key(1_003), 2));
        assert_eq!(expired.await.unwrap(), 2);
        assert_eq!(page(Filter::default()).await, [5, 4, 3, 2]);
        let forgotten =
            store.write(move |tx: &mut dyn Tx| rule_evaluations::delete_of_grant(tx, grant, 10));
        assert_eq!(forgotten.await.unwrap(), 4);
    }
}
