//! The search index: it follows the change log, never hides mail for being behind, and is made anew when need be.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::MessagePage;
use posthouse_mailroom::search::Pace;
use posthouse_store::tables::search::{self, Document, Fields, WordList};
use posthouse_store::{IndexSide, StoreError};
use posthouse_types::ids::{Key, Kind};

use crate::searching::{found, index, mail, page, query};
use crate::support::{Office, every_engine, objects};

/// Runs statements on the index that serves.
async fn on_index(office: &Office, sql: &str) {
    let sql = sql.to_owned();
    let done: Result<u64, StoreError> = office
        .store
        .write_index(IndexSide::Serving, move |tx| tx.execute(&sql, &[]))
        .await;
    done.unwrap();
}

/// Returns how many messages are in the index.
async fn indexed(office: &Office) -> i64 {
    const COUNT: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM search";
    let count: Result<i64, StoreError> = office
        .store
        .write_index(IndexSide::Serving, |tx| {
            tx.query_one(COUNT, &[], |row| row.int(0))
        })
        .await;
    count.unwrap()
}

/// Follows the log until the index holds so many messages.
async fn follow_until(office: &Office, expected: i64) {
    let mut follower = office.mailroom.search_index();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while indexed(office).await != expected {
        assert!(std::time::Instant::now() < end, "{}", indexed(office).await);
        if !follower.step().await.unwrap().more {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    follower.finish().await.unwrap();
}

/// Has everything indexed anew and waits until that is done.
async fn rebuild(office: &Office) {
    let report = office.mailroom.rebuild_search_index(&office.actor).await;
    let report = report.unwrap();
    assert_eq!(report.status, "rebuilding");
    let mut serving = office.mailroom.search_index();
    let mut next = office.mailroom.next_search_index();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let report = office.mailroom.search_index_report(&office.actor).await;
        let report = report.unwrap();
        if report.status == "ready" {
            break;
        }
        assert!(std::time::Instant::now() < end, "{report:?}");
        match &mut next {
            Some(next) => next.step().await.unwrap(),
            None => serving.step().await.unwrap(),
        };
    }
    serving.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_accounts_never_find_each_other_and_what_is_deleted_is_found_no_more() {
    for office in every_engine().await {
        let triage = office.account("triage").await;
        let other = office.account("other").await;
        mail(&office, &[("mine", "needle common")]).await;
        let theirs = "From: x@y.example\r\nSubject: theirs\r\n\r\nneedle secret\r\n";
        office
            .deliver_confirmed(&["other@agents.localhost"], theirs)
            .await;
        index(&office, 2).await;
        assert_eq!(found(&office, &triage, "needle").await, "mine");
        assert_eq!(found(&office, &other, "needle").await, "theirs");
        assert_eq!(found(&office, &triage, "secret").await, "");
        assert_eq!(found(&office, &triage, "needle OR -common").await, "mine");
        assert_eq!(found(&office, &triage, "n* OR s*").await, "mine");

        let mine = office.list(&triage, query("mine")).await;
        let mine = mine[0]["id"].as_str().unwrap();
        for _ in ["to Trash", "for good"] {
            office.mailroom.delete_message(&triage, mine).await.unwrap();
        }
        assert_eq!(found(&office, &triage, "needle").await, "");
        follow_until(&office, 1).await;
        assert_eq!(found(&office, &other, "needle").await, "theirs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_forgets_the_mail_of_deleted_accounts() {
    for office in every_engine().await {
        let triage = office.account("triage").await;
        let other = office.account("other").await;
        mail(&office, &[("one", "needle"), ("two", "needle")]).await;
        let theirs = "From: x@y.example\r\nSubject: theirs\r\n\r\nneedle\r\n";
        office
            .deliver_confirmed(&["other@agents.localhost"], theirs)
            .await;
        index(&office, 3).await;
        let id = office.mailroom.public_id(Kind::Grant, triage.grant);
        office
            .mailroom
            .delete_account(&office.actor, &id)
            .await
            .unwrap();
        while office.mailroom.expire_records().await.unwrap() {}
        follow_until(&office, 1).await;
        assert_eq!(found(&office, &other, "needle").await, "theirs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_forgets_an_account_that_is_deleted_before_it_knew_of_it() {
    for office in every_engine().await {
        let triage = office.account("triage").await;
        mail(&office, &[("one", "needle"), ("two", "needle")]).await;
        let id = office.mailroom.public_id(Kind::Grant, triage.grant);
        let deleted = office.mailroom.delete_account(&office.actor, &id).await;
        deleted.unwrap();
        // As the reader of the log does while the account's messages are still being deleted.
        let mut follower = office.mailroom.search_index();
        while follower.step().await.unwrap().more {}
        while office.mailroom.expire_records().await.unwrap() {}
        follower.finish().await.unwrap();
        follow_until(&office, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_the_index_does_not_have_yet() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        mail(&office, &[("first", "needle"), ("second", "needle")]).await;
        // Nobody has indexed anything.
        assert_eq!(found(&office, &grant, "needle").await, "second first");
        let own_file = office.store.has_index_files();
        mail(&office, &[("third", "needle")]).await;
        if own_file {
            assert_eq!(found(&office, &grant, "needle").await, "third second first");
        }
        follow_until(&office, 3).await;
        assert_eq!(found(&office, &grant, "needle").await, "third second first");
        assert_eq!(indexed(&office).await, 3, "nothing is there twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_before_the_index_is_found_and_a_rebuild_finds_all_again() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let letters: Vec<String> = (0..150).map(|number| format!("m{number}")).collect();
        let letters: Vec<(&str, &str)> =
            letters.iter().map(|one| (one.as_str(), "needle")).collect();
        mail(&office, &letters).await;
        // As if the log had been cut long ago.
        let cut: Result<u64, StoreError> = office
            .store
            .write(|tx| tx.execute("DELETE FROM changes", &[]))
            .await;
        assert!(cut.unwrap() > 0);
        index(&office, 150).await;
        assert_eq!(office.list(&grant, query("needle")).await.len(), 50);
        assert_eq!(found(&office, &grant, "m0 needle").await, "m0");

        on_index(&office, "DELETE FROM search").await;
        assert_eq!(found(&office, &grant, "needle").await, "");
        rebuild(&office).await;
        assert_eq!(office.list(&grant, query("needle")).await.len(), 50);
        assert_eq!(indexed(&office).await, 150);
        let report = office.mailroom.search_index_report(&office.actor).await;
        let report = report.unwrap();
        assert_eq!((report.indexed, report.total), (150, 150));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_misses_neither_what_arrives_nor_what_is_deleted_meanwhile() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        mail(&office, &[("old", "needle"), ("doomed", "needle")]).await;
        index(&office, 2).await;
        office
            .mailroom
            .rebuild_search_index(&office.actor)
            .await
            .unwrap();
        if let Some(mut next) = office.mailroom.next_search_index() {
            next.step().await.unwrap();
        }
        let doomed = office.list(&grant, query("doomed")).await;
        let doomed = doomed[0]["id"].as_str().unwrap();
        for _ in ["to Trash", "for good"] {
            office
                .mailroom
                .delete_message(&grant, doomed)
                .await
                .unwrap();
        }
        mail(&office, &[("new", "needle")]).await;
        let mut next = office.mailroom.next_search_index();
        let mut serving = office.mailroom.search_index();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while found(&office, &grant, "needle").await != "new old"
            || office.mailroom.next_search_index().is_some()
            || indexed(&office).await != 2
        {
            assert!(std::time::Instant::now() < end);
            if let Some(one) = &mut next
                && !one.step().await.unwrap().more
            {
                next = None;
                serving = office.mailroom.search_index();
            }
            serving.step().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_made_anew() {
    for office in every_engine().await {
        if !office.store.has_index_files() {
            continue;
        }
        let grant = office.account("triage").await;
        mail(&office, &[("one", "needle"), ("two", "needle")]).await;
        index(&office, 2).await;
        on_index(&office, "UPDATE search_data SET block = x'ffffffffff'").await;
        let request = page(&office, &grant, &query("needle"), 10, None, 0).await;
        assert!(
            matches!(request, Err(Refusal::Unavailable { .. })),
            "{request:?}"
        );
        office.mailroom.search_index().step().await.unwrap();
        follow_until(&office, 2).await;
        assert_eq!(found(&office, &grant, "needle").await, "two one");
    }
}

/// Returns what damages a table for every connection: its pages are those of an index.
fn tearing(table: &str, index: &str) -> [String; 4] {
    [
        "PRAGMA writable_schema = ON".to_owned(),
        format!(
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = '{index}')
             WHERE name = '{table}'"
        ),
        "PRAGMA schema_version = 4000000".to_owned(),
        "PRAGMA writable_schema = RESET".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_has_lost_its_place_in_the_log_is_made_anew() {
    for office in every_engine().await {
        if !office.store.has_index_files() {
            continue;
        }
        let grant = office.account("triage").await;
        mail(&office, &[("one", "needle"), ("two", "needle")]).await;
        index(&office, 2).await;
        for sql in tearing("cursors", "sqlite_autoindex_cursors_1") {
            on_index(&office, &sql).await;
        }
        let request = page(&office, &grant, &query("needle"), 10, None, 0).await;
        assert!(
            matches!(request, Err(Refusal::Unavailable { .. })),
            "{request:?}"
        );
        let waits = Pace::default().waits(&office.mailroom).await;
        assert!(!waits.unwrap(), "and so comes to the step");
        office.mailroom.search_index().step().await.unwrap();
        follow_until(&office, 2).await;
        assert_eq!(found(&office, &grant, "needle").await, "two one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_mail_is_no_reason_to_make_the_index_anew() {
    for office in every_engine().await {
        if !office.store.has_index_files() {
            continue;
        }
        office.account("triage").await;
        mail(&office, &[("one", "needle"), ("two", "needle")]).await;
        index(&office, 2).await;
        mail(&office, &[("three", "needle")]).await;
        for sql in tearing("messages", "messages_of_thread") {
            let torn: Result<u64, StoreError> =
                office.store.write(move |tx| tx.execute(&sql, &[])).await;
            torn.unwrap();
        }
        assert!(office.mailroom.search_index().step().await.is_err());
        assert_eq!(indexed(&office).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_messages_are_indexed_and_end() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        // Every word is another one, so that the engine's own limits are met.
        let body: String = (0..120_000)
            .map(|number| {
                format!(
                    "w{number:x}{}",
                    if number % 12 == 11 { "\r\n" } else { " " }
                )
            })
            .collect();
        mail(&office, &[("long", &body), ("short", "w1 w2")]).await;
        index(&office, 2).await;
        assert_eq!(found(&office, &grant, "w1 wff").await, "long");
        assert_eq!(found(&office, &grant, "\"w1 w2\"").await, "short long");
        assert_eq!(found(&office, &grant, "\"w1000 w1001\"").await, "long");
    }
}

/// Matches beyond those that are ranked.
const UNRANKED: usize = 1_050;

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_ranked_matches_the_rest_follows_newest_first() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        mail(&office, &[("first", "needle")]).await;
        let first: i64 = office
            .store
            .read(|tx| tx.query_one("SELECT id FROM messages", &[], |row| row.int(0)))
            .await
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        let all = 10_000 + UNRANKED;
        multiply(&office, &grant, first, all).await;

        let query = query("needle");
        // The oldest of all has the word in its subject, and so has the oldest that is ranked.
        let top = page(&office, &grant, &query, 3, None, 0).await.unwrap();
        let id = |number: usize| {
            let key = Key(first + number as i64);
            office.mailroom.public_id(Kind::Message, key)
        };
        let ids = |page: &MessagePage| -> Vec<String> {
            objects(page)
                .iter()
                .map(|object| object["id"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(ids(&top), [id(UNRANKED), id(all - 1), id(all - 2)]);
        let across = page(&office, &grant, &query, 4, None, 9_998).await.unwrap();
        assert_eq!(
            ids(&across),
            [
                id(UNRANKED + 2),
                id(UNRANKED + 1),
                id(UNRANKED - 1),
                id(UNRANKED - 2)
            ]
        );
        let cursor = across.next_cursor.unwrap();
        let rest = page(&office, &grant, &query, 2_000, Some(&cursor), 0)
            .await
            .unwrap();
        let expected: Vec<String> = (0..UNRANKED - 2).rev().map(id).collect();
        assert_eq!(ids(&rest), expected);
        assert_eq!(rest.next_cursor, None);
    }
}

/// Makes `all` messages of one, a second apart, and indexes them: `needle` is in all bodies, and in the subjects of the
/// oldest message and of the oldest that is ranked.
async fn multiply(office: &Office, grant: &GrantRef, first: i64, all: usize) {
    const COLUMNS: &str = "application_id, grant_id, folder_id, thread_id, blob_id, created_at, unread, starred,
        answered, has_attachment, uid, modseq, size_bytes, subject, trace, document_version, document, body";
    let copy = format!(
        "WITH RECURSIVE series (n) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT n + 1 FROM series WHERE n + 1 < $3)
         INSERT INTO messages (id, date_at, {COLUMNS}) SELECT id + n, date_at + n, {COLUMNS} FROM messages, series WHERE id = $1"
    );
    let grant = grant.grant;
    let copied: Result<u64, StoreError> = office
        .store
        .write(move |tx| tx.execute(&copy, &[first.into(), 1.into(), (all as i64).into()]))
        .await;
    copied.unwrap();
    let done: Result<u64, StoreError> = office
        .store
        .write_index(IndexSide::Serving, move |tx| {
            let documents: Vec<Document> = (0..all)
                .map(|number| {
                    let needle: WordList = ["needle"].into_iter().collect();
                    let is_in_subject = number == 0 || number == UNRANKED;
                    let mut fields = Fields {
                        body: needle.clone(),
                        ..Fields::default()
                    };
                    if is_in_subject {
                        fields.subject = needle;
                    }
                    Document {
                        message: Key(first + number as i64),
                        grant,
                        fields,
                    }
                })
                .collect();
            search::index(tx, &documents)?;
            tx.execute("UPDATE search_state SET below = NULL, complete = 1", &[])
        })
        .await;
    done.unwrap();
}
