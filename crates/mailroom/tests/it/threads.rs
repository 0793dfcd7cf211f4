//! Threads are listed, shown, changed and deleted.

use std::collections::HashMap;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::MessageUpdate;
use posthouse_mailroom::read::{FolderFilter, MessageQuery, PageRequest};
use posthouse_mailroom::search::{Indexed, SearchQuery};
use posthouse_mailroom::threads::{ThreadQuery, ThreadUpdate};
use serde_json::{Value, json};

use crate::support::{Office, every_engine, objects};

pub const TRIAGE: &str = "triage@agents.localhost";
pub const START: i64 = 1_790_000_000;

/// Delivers a message from somebody into the conversation of this number; returns the message's id.
pub async fn say(office: &Office, conversation: usize, from: &str, rest: &str) -> String {
    let raw = format!(
        "From: {from}\r\nTo: {TRIAGE}\r\nSubject: Re: Conversation {conversation}\r\n\
         References: <c{conversation}@shop.example>\r\n{rest}\r\n\r\nhello from {from}\r\n"
    );
    office.deliver_confirmed(&[TRIAGE], &raw).await.id
}

/// Starts a conversation.
pub async fn start(office: &Office, conversation: usize, from: &str) -> String {
    let raw = format!(
        "From: {from}\r\nTo: {TRIAGE}\r\nSubject: Conversation {conversation}\r\n\
         Message-ID: <c{conversation}@shop.example>\r\n\r\nhello from {from}\r\n"
    );
    office.deliver_confirmed(&[TRIAGE], &raw).await.id
}

pub async fn page(
    office: &Office,
    grant: &GrantRef,
    query: &ThreadQuery,
    limit: usize,
    cursor: Option<String>,
) -> (Vec<Value>, Option<String>) {
    let request = PageRequest {
        limit,
        cursor,
        offset: 0,
    };
    let page = office
        .mailroom
        .list_threads(grant, query.clone(), request)
        .await
        .unwrap();
    (objects(&page), page.next_cursor)
}

/// Lists all threads in small pages.
pub async fn all(office: &Office, grant: &GrantRef, query: ThreadQuery) -> Vec<Value> {
    let (mut listed, mut cursor) = page(office, grant, &query, 2, None).await;
    while cursor.is_some() {
        let (more, next) = page(office, grant, &query, 3, cursor).await;
        listed.extend(more);
        cursor = next;
    }
    listed
}

pub fn subjects(listed: &[Value]) -> Vec<String> {
    let last_word = |thread: &Value| {
        let subject = thread["subject"].as_str().unwrap();
        subject.rsplit(' ').next().unwrap().to_owned()
    };
    listed.iter().map(last_word).collect()
}

pub fn of_messages(message: MessageQuery) -> ThreadQuery {
    ThreadQuery {
        message,
        ..ThreadQuery::default()
    }
}

pub async fn move_to(office: &Office, grant: &GrantRef, message: &str, folder: &str) {
    let update = MessageUpdate {
        folders: Some(vec![folder.to_owned()]),
        ..MessageUpdate::default()
    };
    let moved = office.mailroom.update_message(grant, message, update).await;
    moved.unwrap();
}

pub async fn get(office: &Office, grant: &GrantRef, thread: &str) -> Value {
    let json = office.mailroom.get_thread(grant, thread).await.unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_adds_up_its_messages() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let first = start(&office, 1, "ann@a.example").await;
        office.clock.forward(10);
        let second = say(
            &office,
            1,
            "Bob <bob@b.example>",
            "Cc: Ann Ash <ANN@a.example>",
        )
        .await;
        office.clock.forward(10);
        let third = say(&office, 1, "carl@c.example", "X: y").await;
        move_to(&office, &grant, &second, "sent").await;
        move_to(&office, &grant, &third, "archive").await;
        let seen = MessageUpdate {
            unread: Some(false),
            starred: Some(true),
            ..MessageUpdate::default()
        };
        office
            .mailroom
            .update_message(&grant, &third, seen)
            .await
            .unwrap();

        let listed = all(&office, &grant, ThreadQuery::default()).await;
        assert_eq!(listed.len(), 1);
        let thread = &listed[0];
        assert_eq!(thread["object"], "thread");
        assert_eq!(thread["subject"], "Conversation 1");
        assert_eq!(thread["snippet"], "hello from carl@c.example");
        assert_eq!(thread["message_ids"], json!([first, second, third]));
        assert_eq!(thread["draft_ids"], json!([]));
        assert_eq!(
            thread["participants"],
            json!([
                {"name": "Ann Ash", "email": "ann@a.example"},
                {"name": "", "email": TRIAGE},
                {"name": "Bob", "email": "bob@b.example"},
                {"name": "", "email": "carl@c.example"},
            ])
        );
        assert_eq!(thread["folders"].as_array().map(Vec::len), Some(3));
        assert_eq!(
            (&thread["unread"], &thread["starred"]),
            (&json!(true), &json!(true)),
            "any of its messages"
        );
        assert_eq!(
            (&thread["has_attachments"], &thread["has_drafts"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(thread["earliest_message_date"], START);
        assert_eq!(thread["latest_message_received_date"], START + 20);
        assert_eq!(
            thread["latest_message_sent_date"],
            Value::Null,
            "what was received is not sent by being put there"
        );
        let messages = MessageQuery {
            folders: FolderFilter::All,
            ..MessageQuery::default()
        };
        let messages = office.list(&grant, messages).await;
        assert_eq!(thread["latest_draft_or_message"], messages[0]);
        assert_eq!(messages[0]["thread_id"], thread["id"]);
        assert_eq!(messages[0]["grant_id"], thread["grant_id"]);
        let id = thread["id"].as_str().unwrap();
        assert_eq!(&get(&office, &grant, id).await, thread);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_thread_shows_all_its_messages_and_the_people_at_its_ends() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        start(&office, 1, "first@a.example").await;
        for number in 0..60 {
            say(&office, 1, &format!("p{number}@a.example"), "X: y").await;
        }
        let listed = all(&office, &grant, ThreadQuery::default()).await;
        let thread = &listed[0];
        assert_eq!(thread["message_ids"].as_array().map(Vec::len), Some(61));
        assert_eq!(thread["subject"], "Conversation 1");
        let people = thread["participants"].as_array().unwrap();
        let emails: Vec<&str> = people
            .iter()
            .map(|one| one["email"].as_str().unwrap())
            .collect();
        assert_eq!(people.len(), 51);
        assert_eq!(emails[..3], ["first@a.example", TRIAGE, "p11@a.example"]);
        assert_eq!(emails[50], "p59@a.example");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_stands_where_its_newest_message_stands_whatever_matched() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for (conversation, from) in [
            (1, "ann@a.example"),
            (2, "ann@a.example"),
            (3, "bob@b.example"),
        ] {
            start(&office, conversation, from).await;
            office.clock.forward(10);
        }
        say(&office, 1, "bob@b.example", "X: y").await;
        let everything = all(&office, &grant, ThreadQuery::default()).await;
        assert_eq!(subjects(&everything), ["1", "3", "2"]);
        let from_ann = of_messages(MessageQuery {
            from: vec!["ANN@a.example".to_owned()],
            ..MessageQuery::default()
        });
        assert_eq!(subjects(&all(&office, &grant, from_ann).await), ["1", "2"]);
        let both_at_once = of_messages(MessageQuery {
            from: vec!["ann@a.example".to_owned()],
            received_after: Some(START + 20),
            ..MessageQuery::default()
        });
        assert!(
            all(&office, &grant, both_at_once).await.is_empty(),
            "conditions hold for the same message"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_changing_length_show_each_thread_once_while_mail_arrives() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for conversation in 0..40 {
            start(&office, conversation, "ann@a.example").await;
            if conversation % 3 == 0 {
                say(&office, conversation, "bob@b.example", "X: y").await;
            }
            office.clock.forward(i64::from(conversation % 2 == 0));
        }
        let (first, mut cursor) = page(&office, &grant, &ThreadQuery::default(), 1, None).await;
        let mut seen = subjects(&first);
        let mut limits = (1..=5).cycle();
        let mut arrivals = HashMap::new();
        while let Some(token) = cursor {
            office.clock.forward(1);
            // One reply to a thread that was shown, and one to a thread that was not: the oldest of all.
            let shown: usize = seen.last().unwrap().parse().unwrap();
            say(&office, shown, "carl@c.example", "X: y").await;
            if arrivals.insert(0, ()).is_none() {
                say(&office, 0, "carl@c.example", "X: y").await;
            }
            let limit = limits.next().unwrap();
            let query = ThreadQuery::default();
            let (more, next) = page(&office, &grant, &query, limit, Some(token.clone())).await;
            assert!(more.len() == limit || next.is_none(), "pages are filled");
            assert_ne!(next.as_deref(), Some(token.as_str()));
            seen.extend(subjects(&more));
            cursor = next;
        }
        // Thread 0 went to the front, where the next listing starts; all others were shown once, newest first.
        let wanted: Vec<String> = (1..40).rev().map(|number| number.to_string()).collect();
        assert_eq!(seen, wanted);
        let (first, _) = page(&office, &grant, &ThreadQuery::default(), 200, None).await;
        assert_eq!(first.len(), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_thread_is_a_change_of_each_message() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        start(&office, 1, "ann@a.example").await;
        // More than one step changes.
        for _ in 0..510 {
            say(&office, 1, "bob@b.example", "X: y").await;
        }
        let listed = all(&office, &grant, ThreadQuery::default()).await;
        let id = listed[0]["id"].as_str().unwrap();
        let update = ThreadUpdate {
            unread: Some(false),
            starred: Some(true),
            folders: Some(vec![]),
        };
        let changed = office.mailroom.update_thread(&grant, id, update).await;
        let changed: Value = serde_json::from_slice(&changed.unwrap()).unwrap();
        let archive = office.mailroom.get_folder(&grant, "archive").await.unwrap();
        assert_eq!(changed["folders"], json!([archive.id]));
        assert_eq!((archive.total_count, archive.unread_count), (511, 0));
        assert_eq!(
            (&changed["unread"], &changed["starred"]),
            (&json!(false), &json!(true))
        );
        let wrong = ThreadUpdate {
            folders: Some(vec!["nowhere".to_owned()]),
            ..ThreadUpdate::default()
        };
        let refused = office.mailroom.update_thread(&grant, id, wrong).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));

        office.mailroom.delete_thread(&grant, id).await.unwrap();
        office.mailroom.delete_thread(&grant, id).await.unwrap();
        let trash = office.mailroom.get_folder(&grant, "trash").await.unwrap();
        assert_eq!(trash.total_count, 511);
        assert_eq!(get(&office, &grant, id).await["folders"], json!([trash.id]));
        assert!(
            all(&office, &grant, ThreadQuery::default())
                .await
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_gone_with_its_last_message() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let message = start(&office, 1, "ann@a.example").await;
        let listed = all(&office, &grant, ThreadQuery::default()).await;
        let id = listed[0]["id"].as_str().unwrap();
        let other = office.account("other").await;
        let foreign = office.mailroom.get_thread(&other, id).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        for _ in 0..2 {
            let deleted = office.mailroom.delete_message(&grant, &message).await;
            deleted.unwrap();
        }
        let gone = office.mailroom.get_thread(&grant, id).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        let gone = office.mailroom.delete_thread(&grant, id).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        let update = ThreadUpdate::default();
        let gone = office.mailroom.update_thread(&grant, id, update).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
    }
}

/// Makes messages findable by their words.
async fn index(office: &Office, messages: usize) {
    let mut index = office.mailroom.search_index();
    let mut done = 0;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        assert!(std::time::Instant::now() < end, "indexed {done} only");
        let step: Indexed = index.step().await.unwrap();
        done += step.messages;
        if done >= messages && !step.more {
            break;
        }
        if !step.more {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    index.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_each_thread_once_at_its_best_message() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for conversation in 1..=6 {
            start(&office, conversation, "ann@a.example").await;
            office.clock.forward(10);
        }
        // Found in the body by all, in names by some.
        for conversation in [2, 5, 2] {
            say(&office, conversation, "Hello <bob@b.example>", "X: y").await;
            office.clock.forward(10);
        }
        index(&office, 9).await;
        let hello = of_messages(MessageQuery {
            search: Some(SearchQuery::parse("hello").unwrap()),
            ..MessageQuery::default()
        });
        let listed = all(&office, &grant, hello.clone()).await;
        assert_eq!(subjects(&listed), ["2", "5", "6", "4", "3", "1"]);
        let (once, _) = page(&office, &grant, &hello, 200, None).await;
        assert_eq!(once, listed, "whatever the length of the pages");
        let late = ThreadQuery {
            earliest_message_date: Some(START + 20),
            ..hello.clone()
        };
        assert_eq!(
            subjects(&all(&office, &grant, late).await),
            ["5", "6", "4", "3"]
        );
        let request = PageRequest {
            limit: 2,
            cursor: None,
            offset: 1,
        };
        let skipped = office.mailroom.list_threads(&grant, hello, request).await;
        assert_eq!(subjects(&objects(&skipped.unwrap())), ["5", "6"]);
    }
}
