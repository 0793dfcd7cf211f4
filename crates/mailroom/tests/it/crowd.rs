//! Fifty clients at work in one mailbox: what they see in the end is what they did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::idempotency::{KeptAnswer, Repeatable};
use posthouse_mailroom::organise::{MessageUpdate, Metadata};
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery, PageRequest};
use posthouse_mailroom::send::Outgoing;
use posthouse_mailroom::threads::{ThreadQuery, ThreadUpdate};
use posthouse_types::address::DisplayAddress;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::organising::{assert_folders_are_exact, count, deliver, noted, to_folder};
use crate::support::{Office, every_engine, objects};

const CLIENTS: usize = 50;
const STEPS: usize = 10;

/// What a client's own message is like after its last change.
#[derive(Debug, PartialEq)]
struct Own {
    id: String,
    unread: bool,
    starred: bool,
    folder: &'static str,
    note: String,
}

fn letter(recipient: &str, subject: &str) -> Outgoing {
    Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: recipient.to_owned(),
        }],
        subject: subject.to_owned(),
        body: "<p>Hello</p>".to_owned(),
        ..Outgoing::default()
    }
}

/// One client: changes its own message, which nobody else touches by id, and joins in with what all of them touch.
async fn work(
    office: Arc<Office>,
    grant: GrantRef,
    own: String,
    shared: Arc<Vec<Value>>,
    client: usize,
) -> Own {
    let mut state = Own {
        id: own,
        unread: true,
        starred: false,
        folder: "Inbox",
        note: String::new(),
    };
    let mailroom = &office.mailroom;
    for step in 0..STEPS {
        let number = client * 7 + step * 5;
        let other = &shared[number % shared.len()];
        let text = |name: &str| other[name].as_str().expect("a text");
        let outcome = match (client + step) % 8 {
            0 => {
                let recipient = ["triage@agents.localhost", "buyer@shop.example"][step % 2];
                let sent = mailroom
                    .send_message(&grant, letter(recipient, &format!("s{client}")), None)
                    .await;
                sent.map(drop)
            }
            1 => mailroom.delete_message(&grant, text("id")).await,
            2 => {
                let update = ThreadUpdate {
                    unread: Some(step % 2 == 0),
                    starred: Some(client.is_multiple_of(2)),
                    folders: None,
                };
                let updated = mailroom.update_thread(&grant, text("thread_id"), update);
                updated.await.map(drop)
            }
            3 => {
                let folder = to_folder(["archive", "inbox", "junk"][number % 3]);
                mailroom
                    .update_message(&grant, text("id"), folder)
                    .await
                    .map(drop)
            }
            4 => {
                deliver(&office, &format!("late {client} {step}")).await;
                Ok(())
            }
            5 => mailroom.deliver_local_mail().await.map(drop),
            _ => {
                let update = change_own(&mut state, client, step);
                let changed = mailroom.update_message(&grant, &state.id, update).await;
                changed.map(drop)
            }
        };
        assert!(
            matches!(outcome, Ok(()) | Err(Refusal::NotFound)),
            "{outcome:?}"
        );
    }
    state
}

fn change_own(own: &mut Own, client: usize, step: usize) -> MessageUpdate {
    own.unread = (client + step).is_multiple_of(3);
    own.starred = (client + step).is_multiple_of(2);
    own.folder = ["Archive", "Inbox", "Junk"][(client + step / 2) % 3];
    own.note = format!("{client}/{step}");
    let pairs = BTreeMap::from([("key1".to_owned(), own.note.clone())]);
    MessageUpdate {
        unread: Some(own.unread),
        starred: Some(own.starred),
        folders: Some(vec![own.folder.to_owned()]),
        metadata: Some(Metadata::new(pairs).expect("within limits")),
        ..MessageUpdate::default()
    }
}

async fn every_message(office: &Office, grant: &GrantRef, folders: FolderFilter) -> Vec<Value> {
    let query = MessageQuery {
        folders,
        ..MessageQuery::default()
    };
    let mut found = Vec::new();
    let mut page = PageRequest {
        limit: 200,
        ..PageRequest::default()
    };
    loop {
        let listed = office
            .mailroom
            .list_messages(grant, query.clone(), page.clone(), Detail::Standard)
            .await
            .unwrap();
        found.extend(objects(&listed));
        page.cursor = listed.next_cursor;
        if page.cursor.is_none() {
            return found;
        }
    }
}

async fn every_thread(office: &Office, grant: &GrantRef) -> Vec<Value> {
    let mut query = ThreadQuery::default();
    query.message.folders = FolderFilter::All;
    let mut found = Vec::new();
    let mut page = PageRequest {
        limit: 200,
        ..PageRequest::default()
    };
    loop {
        let listed = office
            .mailroom
            .list_threads(grant, query.clone(), page.clone())
            .await
            .unwrap();
        found.extend(objects(&listed));
        page.cursor = listed.next_cursor;
        if page.cursor.is_none() {
            return found;
        }
    }
}

/// Compares each folder's counters with a listing of it.
async fn assert_listings_agree_with_folders(office: &Office, grant: &GrantRef) {
    let folders = office
        .mailroom
        .list_folders(grant, None, false)
        .await
        .unwrap();
    for folder in folders {
        let listed =
            every_message(office, grant, FolderFilter::Named(vec![folder.id.clone()])).await;
        let unread = listed
            .iter()
            .filter(|message| message["unread"] == true)
            .count();
        assert_eq!(
            (listed.len() as i64, unread as i64),
            (folder.total_count, folder.unread_count),
            "{}",
            folder.name
        );
    }
}

/// Compares each thread with the messages that are in it.
async fn assert_threads_agree_with_messages(office: &Office, grant: &GrantRef) {
    let mut by_thread: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for message in every_message(office, grant, FolderFilter::All).await {
        let thread = message["thread_id"].as_str().expect("a thread").to_owned();
        by_thread.entry(thread).or_default().push(message);
    }
    let threads = every_thread(office, grant).await;
    assert_eq!(threads.len(), by_thread.len());
    for thread in threads {
        let messages = &by_thread[thread["id"].as_str().expect("an id")];
        let texts = |value: &Value| -> BTreeSet<String> {
            let texts = value.as_array().expect("a list").iter();
            texts
                .map(|text| text.as_str().expect("a text").to_owned())
                .collect()
        };
        let ids = messages
            .iter()
            .map(|message| message["id"].as_str().unwrap().to_owned());
        assert_eq!(texts(&thread["message_ids"]), ids.collect(), "{thread}");
        let folders = messages
            .iter()
            .flat_map(|message| texts(&message["folders"]));
        assert_eq!(texts(&thread["folders"]), folders.collect(), "{thread}");
        for flag in ["unread", "starred"] {
            let any = messages.iter().any(|message| message[flag] == true);
            assert_eq!(thread[flag], any, "{flag}: {thread}");
        }
        let newest = messages
            .iter()
            .map(|message| message["date"].as_i64())
            .max();
        let shown = &thread["latest_draft_or_message"];
        assert_eq!(shown["date"].as_i64(), newest.flatten(), "{thread}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_clients_in_one_mailbox_lose_no_count_and_no_update() {
    for office in every_engine().await {
        let office = Arc::new(office);
        let grant = office.account("triage").await;
        for number in 0..20 {
            deliver(&office, &format!("shared {number}")).await;
        }
        let shared = Arc::new(every_message(&office, &grant, FolderFilter::All).await);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let own = deliver(&office, &format!("own {client}")).await;
            clients.spawn(work(
                Arc::clone(&office),
                grant.clone(),
                own,
                Arc::clone(&shared),
                client,
            ));
        }
        let mut owns = Vec::new();
        while let Some(own) = clients.join_next().await {
            owns.push(own.unwrap());
        }
        while office.mailroom.deliver_local_mail().await.unwrap() {}
        let names: BTreeMap<String, String> = office
            .mailroom
            .list_folders(&grant, None, false)
            .await
            .unwrap()
            .into_iter()
            .map(|folder| (folder.id, folder.name))
            .collect();
        for own in owns {
            let json = office
                .mailroom
                .get_message(&grant, &own.id, Detail::Standard)
                .await
                .unwrap();
            let message: Value = serde_json::from_slice(&json).unwrap();
            assert_eq!(message["unread"], own.unread, "{own:?}");
            assert_eq!(message["starred"], own.starred, "{own:?}");
            assert_eq!(
                names[message["folders"][0].as_str().unwrap()],
                own.folder,
                "{own:?}"
            );
            assert_eq!(
                message["metadata"]["key1"].as_str().unwrap_or_default(),
                own.note
            );
        }
        assert_folders_are_exact(&office).await;
        assert_listings_agree_with_folders(&office, &grant).await;
        assert_threads_agree_with_messages(&office, &grant).await;
        let changes = noted(&office).await;
        let of_kind = |kind: i64| changes.iter().filter(|noted| **noted == kind).count() as i64;
        assert_eq!(of_kind(10) - of_kind(12), count(&office, "messages").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_with_one_key_one_sends_and_the_others_learn_of_it() {
    for office in every_engine().await {
        let office = Arc::new(office);
        let grant = office.account("agent").await;
        let mut requests = JoinSet::new();
        for _ in 0..20 {
            let (office, grant) = (Arc::clone(&office), grant.clone());
            requests.spawn(async move {
                let begun = office
                    .mailroom
                    .begin_repeatable(&office.actor, Some(&grant), "key", [7; 32])
                    .await;
                match begun {
                    Ok(Repeatable::First(running)) => {
                        let letter = letter("buyer@shop.example", "once");
                        let sent = office
                            .mailroom
                            .send_message(&grant, letter, None)
                            .await
                            .unwrap();
                        let body = String::from_utf8(sent.object).unwrap();
                        let kept = KeptAnswer {
                            status: 200,
                            body: body.clone(),
                        };
                        running.finish(&kept).await;
                        Some(body)
                    }
                    Ok(Repeatable::Answered(kept)) => Some(kept.body),
                    Err(Refusal::IdempotencyRunning) => None,
                    other => panic!("{other:?}"),
                }
            });
        }
        let mut bodies = BTreeSet::new();
        while let Some(answered) = requests.join_next().await {
            bodies.extend(answered.unwrap());
        }
        assert_eq!(bodies.len(), 1);
        assert_eq!(count(&office, "messages").await, 1);
        assert_eq!(count(&office, "outbound").await, 1);
    }
}
