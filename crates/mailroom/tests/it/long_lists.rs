//! A list of a million items: filled in batches, looked up by its index, never read whole.

use posthouse_mailroom::Refusal;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;
use serde_json::json;

use crate::governing::{folder, govern, on, rule};
use crate::lists;
use crate::support::{Office, every_engine, message};

const ITEMS_MAX: i64 = 1_000_000;
const BATCH: i64 = 1_000;

async fn batch(office: &Office, list: &str, from: i64) -> i64 {
    let items = (from..from + BATCH).map(|number| format!("batch{number}.example"));
    let filled = office
        .mailroom
        .add_list_items(&office.actor, list, items.collect())
        .await;
    filled.unwrap().items_count
}

/// Fills a list up behind the batches.
async fn fill(office: &Office, list: &str, present: i64) {
    let key = office.mailroom.open_id(Kind::List, list).unwrap().0;
    let fill = move |tx: &mut dyn Tx| -> Result<(), StoreError> {
        tx.batch(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
             INSERT INTO list_items (list_id, created_at, id, value)
               SELECT {key}, 0, i, 'd' || i || '.example' FROM n;
             UPDATE lists SET items_count = {ITEMS_MAX} WHERE id = {key};
             ANALYZE",
            ITEMS_MAX - present
        ))
    };
    office.store.write(fill).await.unwrap();
}

/// Returns how an engine answers a statement.
async fn plan(office: &Office, is_sqlite: bool, sql: &str, list: &str) -> String {
    let key = office.mailroom.open_id(Kind::List, list).unwrap().0;
    let sql = sql.replace('5', &key.to_string());
    let read = move |tx: &mut dyn Tx| -> Result<Vec<String>, StoreError> {
        match is_sqlite {
            true => tx.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[], |row| {
                row.string(3)
            }),
            false => tx.query(&format!("EXPLAIN {sql}"), &[], |row| row.string(0)),
        }
    };
    office.store.read(read).await.unwrap().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_million_items_is_imported_looked_up_and_paged_by_index_and_takes_no_more() {
    for (engine, office) in every_engine().await.into_iter().enumerate() {
        let list = lists::make(&office, "domain").await.id;
        for place in 0..3 {
            let count = batch(&office, &list, place * BATCH).await;
            assert_eq!(count, (place + 1) * BATCH);
        }
        assert_eq!(
            batch(&office, &list, 0).await,
            3 * BATCH,
            "what is there is ignored"
        );
        fill(&office, &list, 3 * BATCH).await;

        let grant = office.account("looked").await;
        govern(
            &office,
            &[rule(
                "inbound",
                on("from.domain", "in_list", json!([list])),
                json!([{"type": "archive"}]),
            )],
        )
        .await;
        for (author, place) in [
            ("x@d700000.example", "archive"),
            ("x@batch1234.example", "archive"),
            ("x@d999999.example", "inbox"),
        ] {
            let raw = message(&[], "Hi").replace("buyer@shop.example", author);
            office
                .deliver(&["looked@agents.localhost"], &raw)
                .await
                .unwrap();
            let stored = folder(&office, &grant, place).await;
            assert!(
                stored.iter().any(|one| one["from"][0]["email"] == author),
                "{author}"
            );
        }
        for (sql, index) in [
            (
                "SELECT i.list_id, i.value FROM list_items i WHERE i.list_id = 5 AND i.value IN ('a.example', 'b.example')
                   AND EXISTS (SELECT 1 FROM lists l WHERE l.id = 5)",
                "list_items_of_value",
            ),
            (
                "SELECT id, value, created_at FROM list_items WHERE list_id = 5 AND id < 900 ORDER BY id DESC LIMIT 20",
                "list_items",
            ),
        ] {
            let plan = plan(&office, engine == 0, sql, &list).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("Seq Scan on list_items"), "{plan}");
            assert!(!plan.contains("SCAN i") && !plan.contains("SCAN list_items"), "{plan}");
            assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{plan}");
        }

        let mut page = None;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let listed = office
                .mailroom
                .list_items(&office.actor, &list, 200, page.as_deref())
                .await
                .unwrap();
            seen.extend(listed.rows.into_iter().map(|row| row.value));
            page = listed.next;
            assert!(page.is_some());
        }
        assert_eq!(seen.len(), 600);
        assert_eq!(
            seen.iter().collect::<std::collections::HashSet<_>>().len(),
            600
        );

        let one_more = lists::add(&office, &list, &["one-more.example"]).await;
        let Err(Refusal::Invalid { field, message, .. }) = one_more else {
            panic!("{one_more:?}");
        };
        assert_eq!(field.as_deref(), Some("items"));
        assert_eq!(message, "a list holds at most one million items");
        let known = lists::add(&office, &list, &["d1.example"]).await.unwrap();
        assert_eq!(known.items_count, ITEMS_MAX);
        let gone = vec!["d1.example".to_owned()];
        let removed = office
            .mailroom
            .remove_list_items(&office.actor, &list, gone)
            .await;
        assert_eq!(removed.unwrap().items_count, ITEMS_MAX - 1);
        let filled = lists::add(&office, &list, &["one-more.example"]).await;
        assert_eq!(filled.unwrap().items_count, ITEMS_MAX);
    }
}
