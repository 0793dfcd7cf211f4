//! Messages are marked, moved, labelled and deleted; their folders count exactly whatever happens at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::{MessageUpdate, Metadata};
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{StoreError, Tx};
use serde_json::{Value, json};

use crate::support::{Office, every_engine, message};

const TRIAGE: &str = "triage@agents.localhost";

pub fn to_folder(name: &str) -> MessageUpdate {
    MessageUpdate {
        folders: Some(vec![name.to_owned()]),
        ..MessageUpdate::default()
    }
}

fn marked_read() -> MessageUpdate {
    MessageUpdate {
        unread: Some(false),
        ..MessageUpdate::default()
    }
}

fn labelled(pairs: &[(&str, &str)]) -> MessageUpdate {
    let pairs = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    MessageUpdate {
        metadata: Some(Metadata::new(pairs.collect()).unwrap()),
        ..MessageUpdate::default()
    }
}

pub async fn deliver(office: &Office, subject: &str) -> String {
    let text = message(
        &[
            &format!("Subject: {subject}"),
            "To: triage@agents.localhost",
        ],
        "hello",
    );
    office.deliver_confirmed(&[TRIAGE], &text).await.id
}

pub async fn update(
    office: &Office,
    grant: &GrantRef,
    id: &str,
    update: MessageUpdate,
) -> Result<Value, Refusal> {
    let json = office.mailroom.update_message(grant, id, update).await?;
    Ok(serde_json::from_slice(&json).unwrap())
}

/// The kinds of all changes but those of accounts, in order.
pub async fn noted(office: &Office) -> Vec<i64> {
    let rows: Result<Vec<i64>, StoreError> = office
        .store
        .read(|tx: &mut dyn Tx| {
            tx.query(
                "SELECT kind FROM changes WHERE kind >= 10 ORDER BY seq",
                &[],
                |row| row.int(0),
            )
        })
        .await;
    rows.unwrap()
}

pub async fn count(office: &Office, of: &'static str) -> i64 {
    let counted: Result<i64, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| {
            tx.query_one(
                &format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {of}"),
                &[],
                |row| row.int(0),
            )
        })
        .await;
    counted.unwrap()
}

/// Compares every folder's counters with the messages and drafts in it, and that numbers are unique and below the next one.
pub async fn assert_folders_are_exact(office: &Office) {
    let sql = "SELECT f.name, f.total_count, f.unread_count, f.total_bytes, f.uid_next, f.highest_modseq,
        CAST(COUNT(m.id) AS BIGINT), CAST(COALESCE(SUM(m.unread), 0) AS BIGINT),
        CAST(COALESCE(SUM(m.size_bytes), 0) AS BIGINT), CAST(COALESCE(MAX(m.uid), 0) AS BIGINT),
        CAST(COUNT(DISTINCT m.uid) AS BIGINT), CAST(COALESCE(MAX(m.modseq), 0) AS BIGINT)
        FROM folders f LEFT JOIN (
            SELECT id, folder_id, unread, size_bytes, uid, modseq FROM messages
            UNION ALL SELECT id, folder_id, unread, size_bytes, uid, modseq FROM drafts
        ) AS m ON m.folder_id = f.id
        GROUP BY f.id, f.name, f.total_count, f.unread_count, f.total_bytes, f.uid_next, f.highest_modseq";
    let rows: Result<Vec<(String, Vec<i64>)>, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| {
            tx.query(sql, &[], |row| {
                let numbers = (1..12)
                    .map(|column| row.int(column))
                    .collect::<Result<_, _>>()?;
                Ok((row.string(0)?, numbers))
            })
        })
        .await;
    for (name, numbers) in rows.unwrap() {
        let [
            total,
            unread,
            bytes,
            uid_next,
            modseq,
            is_total,
            is_unread,
            is_bytes,
            uid,
            uids,
            newest,
        ] = numbers[..]
        else {
            panic!("eleven numbers")
        };
        assert_eq!(
            (total, unread, bytes),
            (is_total, is_unread, is_bytes),
            "{name}"
        );
        assert_eq!(uids, is_total, "{name}: numbers are unique");
        assert!(uid < uid_next, "{name}: {uid} < {uid_next}");
        assert!(newest <= modseq, "{name}: {newest} <= {modseq}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_folder_change_together_once_and_are_counted() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let id = deliver(&office, "One").await;
        deliver(&office, "Two").await;
        let wanted = MessageUpdate {
            unread: Some(false),
            starred: Some(true),
            answered: Some(true),
            ..to_folder("All Mail")
        };
        let object = update(&office, &grant, &id, wanted.clone()).await.unwrap();
        let flags = ["unread", "starred", "answered"].map(|flag| object[flag].as_bool().unwrap());
        assert_eq!(
            (flags, &object["subject"]),
            ([false, true, true], &json!("One"))
        );
        let archive = office.mailroom.get_folder(&grant, "archive").await.unwrap();
        assert_eq!(object["folders"], json!([archive.id]));
        assert_eq!((archive.total_count, archive.unread_count), (1, 0));
        let inbox = office.mailroom.get_folder(&grant, "inbox").await.unwrap();
        assert_eq!((inbox.total_count, inbox.unread_count), (1, 1));
        assert_folders_are_exact(&office).await;

        let updated = ChangeKind::MessageUpdated as i64;
        assert_eq!(noted(&office).await, [10, 10, updated]);
        update(&office, &grant, &id, wanted).await.unwrap();
        update(&office, &grant, &id, MessageUpdate::default())
            .await
            .unwrap();
        assert_eq!(noted(&office).await, [10, 10, updated], "nothing changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_moves_by_any_name_of_one_folder_and_to_archive_by_none() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let id = deliver(&office, "One").await;
        let folder = async |name: &str| office.mailroom.get_folder(&grant, name).await.unwrap();
        let junk = folder("junk").await.id;
        let moves = |names: &[&str]| MessageUpdate {
            folders: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..MessageUpdate::default()
        };
        for (names, place) in [
            (&["SPAM", "Junk Email", &junk][..], "junk"),
            (&[], "archive"),
            (&["inbox"], "inbox"),
        ] {
            let object = update(&office, &grant, &id, moves(names)).await.unwrap();
            assert_eq!(
                object["folders"],
                json!([folder(place).await.id]),
                "{names:?}"
            );
        }
        let refused = async |names: &[&str]| match update(&office, &grant, &id, moves(names)).await
        {
            Err(Refusal::Invalid { field, .. }) => field.unwrap(),
            other => panic!("{names:?}: {other:?}"),
        };
        assert_eq!(refused(&["inbox", "junk"]).await, "folders");
        assert_eq!(refused(&["inbox", "nowhere"]).await, "folders[1]");
        assert_eq!(refused(&["inbox"; 51]).await, "folders");
        assert_folders_are_exact(&office).await;

        let other = office.account("other").await;
        for (grant, id) in [(&other, id.as_str()), (&grant, "nonsense")] {
            let answer = update(&office, grant, id, moves(&["nowhere"])).await;
            assert!(matches!(answer, Err(Refusal::NotFound)), "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_found_by_the_metadata_they_have_now_and_nothing_is_noted() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let one = deliver(&office, "One").await;
        let two = deliver(&office, "Two").await;
        let found = async |pairs: &[&str]| {
            let query = MessageQuery {
                metadata_pairs: pairs.iter().map(|pair| (*pair).to_owned()).collect(),
                ..MessageQuery::default()
            };
            let listed = office.list(&grant, query).await;
            let subjects = listed
                .iter()
                .map(|object| object["subject"].as_str().unwrap().to_owned());
            subjects.collect::<Vec<_>>().join(" ")
        };
        let object = update(
            &office,
            &grant,
            &one,
            labelled(&[("key1", "a"), ("key2", "b:c"), ("free", "x")]),
        )
        .await
        .unwrap();
        assert_eq!(
            object["metadata"],
            json!({"key1": "a", "key2": "b:c", "free": "x"})
        );
        update(&office, &grant, &two, labelled(&[("key1", "a")]))
            .await
            .unwrap();
        assert_eq!(found(&["key1:a"]).await, "Two One");
        assert_eq!(found(&["key1:a", "key2:b:c"]).await, "One");
        assert_eq!(found(&["key1:A"]).await, "");
        update(
            &office,
            &grant,
            &one,
            labelled(&[("key1", "z"), ("key2", "b:c")]),
        )
        .await
        .unwrap();
        assert_eq!(
            (found(&["key1:a"]).await, found(&["key1:z"]).await),
            ("Two".into(), "One".into())
        );
        assert_eq!(found(&["key2:b:c"]).await, "One");
        let terms = count(&office, "message_terms").await;
        let cleared = update(&office, &grant, &one, labelled(&[])).await.unwrap();
        assert_eq!(cleared["metadata"], json!({}));
        assert_eq!(found(&["key2:b:c"]).await, "");
        assert_eq!(count(&office, "message_terms").await, terms - 2);
        assert_eq!(noted(&office).await, [10, 10], "metadata alone is no event");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_deleted_to_trash_and_from_there_without_a_trace() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let large = "x1 y2 ".repeat(400_000);
        let text = message(
            &[
                "To: Ann <ann@a.example>, triage@agents.localhost",
                "Cc: \"A, B\" <Weird@X.example>, not an address",
                "Reply-To: help@a.example",
                "Message-ID: <one@a.example>",
                "Subject: Re: =?utf-8?q?=C3=84rger?=",
            ],
            &large,
        );
        let id = office.deliver_confirmed(&[TRIAGE], &text).await.id;
        update(&office, &grant, &id, labelled(&[("key1", "a")]))
            .await
            .unwrap();
        assert_eq!(office.external_blobs(), 1);
        office.mailroom.delete_message(&grant, &id).await.unwrap();
        let trash = FolderFilter::Named(vec!["trash".to_owned()]);
        let query = MessageQuery {
            folders: trash,
            ..MessageQuery::default()
        };
        assert_eq!(office.list(&grant, query).await.len(), 1);
        assert_folders_are_exact(&office).await;

        office.mailroom.delete_message(&grant, &id).await.unwrap();
        let gone = office
            .mailroom
            .get_message(&grant, &id, Detail::Standard)
            .await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        let again = office.mailroom.delete_message(&grant, &id).await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        for table in ["messages", "message_terms", "receipts", "blobs"] {
            assert_eq!(count(&office, table).await, 0, "{table}");
        }
        assert_eq!(office.external_blobs(), 0);
        assert_folders_are_exact(&office).await;
        assert_eq!(noted(&office).await, [10, 11, 12]);
        let data: Result<String, StoreError> = office
            .store
            .read(|tx: &mut dyn Tx| {
                tx.query_one("SELECT data FROM changes WHERE kind = 12", &[], |row| {
                    row.string(0)
                })
            })
            .await;
        let data: Value = serde_json::from_str(&data.unwrap()).unwrap();
        assert_eq!(data["metadata"], json!({"key1": "a"}));
        assert!(data["thread_id"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trash_and_junk_are_emptied_thirty_days_after_a_message_was_moved_there() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let (old, spam) = (
            deliver(&office, "Old").await,
            deliver(&office, "Spam").await,
        );
        let (saved, kept) = (
            deliver(&office, "Saved").await,
            deliver(&office, "Kept").await,
        );
        // What counts is when it was moved, not when it came.
        office.clock.forward(40 * 86_400);
        office.mailroom.delete_message(&grant, &old).await.unwrap();
        office
            .mailroom
            .delete_message(&grant, &saved)
            .await
            .unwrap();
        update(&office, &grant, &spam, to_folder("junk"))
            .await
            .unwrap();
        office.clock.forward(20 * 86_400);
        update(&office, &grant, &spam, marked_read()).await.unwrap();
        update(&office, &grant, &saved, to_folder("inbox"))
            .await
            .unwrap();
        let expire = async || while office.mailroom.expire_records().await.unwrap() {};
        expire().await;
        assert_eq!(count(&office, "messages").await, 4);
        office.clock.forward(10 * 86_400 + 1);
        expire().await;
        let left = office
            .list(
                &grant,
                MessageQuery {
                    folders: FolderFilter::All,
                    ..MessageQuery::default()
                },
            )
            .await;
        let mut left: Vec<&str> = left
            .iter()
            .map(|object| object["id"].as_str().unwrap())
            .collect();
        left.sort_unstable();
        let mut expected = [saved.as_str(), kept.as_str()];
        expected.sort_unstable();
        assert_eq!(left, expected);
        assert_eq!(count(&office, "changes WHERE kind = 12").await, 2);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_two_messages_share_go_with_the_last_of_them_even_when_both_go_at_once() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let other = office.account("other").await;
        for round in 0..10 {
            let text = message(&[&format!("Subject: Shared {round}")], "hello");
            let accepted = office
                .deliver_confirmed(&[TRIAGE, "other@agents.localhost"], &text)
                .await;
            assert_eq!(count(&office, "blobs").await, 1);
            let mut tasks = tokio::task::JoinSet::new();
            for (grant, id) in [&grant, &other].into_iter().zip(accepted.message_ids) {
                office.mailroom.delete_message(grant, &id).await.unwrap();
                let (mailroom, grant) = (office.mailroom.clone(), grant.clone());
                tasks.spawn(async move { mailroom.delete_message(&grant, &id).await });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap().unwrap();
            }
            assert_eq!(count(&office, "blobs").await, 0, "round {round}");
        }
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_move_mark_and_delete_in_one_mailbox_at_once_lose_no_count() {
    for office in every_engine().await {
        let office = Arc::new(office);
        let grant = office.account("triage").await;
        let mut ids = Vec::new();
        for number in 0..24 {
            ids.push(deliver(&office, &format!("m{number}")).await);
        }
        let ids = Arc::new(ids);
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..24_usize {
            let (office, grant, ids) = (Arc::clone(&office), grant.clone(), Arc::clone(&ids));
            tasks.spawn(async move {
                for step in 0..12_usize {
                    let id = &ids[(task * 7 + step * 5) % ids.len()];
                    let outcome = match (task + step) % 6 {
                        0 => office.mailroom.delete_message(&grant, id).await,
                        1 => change(&office, &grant, id, marked_read()).await,
                        2 => change(&office, &grant, id, to_folder("archive")).await,
                        3 => change(&office, &grant, id, to_folder("inbox")).await,
                        4 => change(&office, &grant, id, labelled(&[("key1", "a")])).await,
                        _ => {
                            deliver(&office, &format!("late {task} {step}")).await;
                            Ok(())
                        }
                    };
                    assert!(
                        matches!(outcome, Ok(()) | Err(Refusal::NotFound)),
                        "{outcome:?}"
                    );
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_folders_are_exact(&office).await;
        let messages = count(&office, "messages").await;
        let mut kinds: BTreeMap<i64, i64> = BTreeMap::new();
        for kind in noted(&office).await {
            *kinds.entry(kind).or_default() += 1;
        }
        assert_eq!(
            kinds[&10] - kinds.get(&12).copied().unwrap_or_default(),
            messages
        );
    }
}

async fn change(
    office: &Office,
    grant: &GrantRef,
    id: &str,
    update: MessageUpdate,
) -> Result<(), Refusal> {
    office
        .mailroom
        .update_message(grant, id, update)
        .await
        .map(|_| ())
}
