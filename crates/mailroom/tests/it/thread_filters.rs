//! Which threads a list shows: those with a message that every filter lets through.

use std::collections::{BTreeMap, HashSet};

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::MessageUpdate;
use posthouse_mailroom::read::{FolderFilter, MessageQuery, PageRequest};
use posthouse_mailroom::threads::ThreadQuery;
use serde_json::Value;

use crate::support::{Office, every_engine, objects};
use crate::threads::{START, all, move_to, of_messages, say, start, subjects};

/// Tells of a message whether a filter lets it through.
type Matches<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

#[tokio::test(flavor = "multi_thread")]
async fn threads_that_are_only_in_junk_and_trash_are_left_out_unless_asked_for() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let gone = start(&office, 1, "ann@a.example").await;
        start(&office, 2, "ann@a.example").await;
        let half = say(&office, 2, "bob@b.example", "X: y").await;
        move_to(&office, &grant, &gone, "junk").await;
        move_to(&office, &grant, &half, "trash").await;
        let within = async |folders: FolderFilter| {
            let query = of_messages(MessageQuery {
                folders,
                ..MessageQuery::default()
            });
            subjects(&all(&office, &grant, query).await)
        };
        let named = |name: &str| FolderFilter::Named(vec![name.to_owned()]);
        assert_eq!(within(FolderFilter::Visible).await, ["2"]);
        assert_eq!(within(FolderFilter::All).await, ["2", "1"]);
        assert_eq!(within(named("junk")).await, ["1"]);
        assert_eq!(within(named("trash")).await, ["2"]);
        assert_eq!(within(named("archive")).await, [""; 0]);
        assert_eq!(within(named("nowhere")).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_of_the_thread_and_its_id_select_it() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for conversation in 1..=3 {
            start(&office, conversation, "ann@a.example").await;
            office.clock.forward(10);
        }
        say(&office, 1, "bob@b.example", "X: y").await;
        let list = async |query: ThreadQuery| subjects(&all(&office, &grant, query).await);
        let default = ThreadQuery::default;
        let after = |time| ThreadQuery {
            latest_message_after: Some(START + time),
            ..default()
        };
        let before = |time| ThreadQuery {
            latest_message_before: Some(START + time),
            ..default()
        };
        let earliest = |time| ThreadQuery {
            earliest_message_date: Some(START + time),
            ..default()
        };
        assert_eq!(list(after(10)).await, ["1", "3"]);
        assert_eq!(list(after(30)).await, [""; 0]);
        assert_eq!(list(before(20)).await, ["2"]);
        assert_eq!(list(before(31)).await, ["1", "3", "2"]);
        assert_eq!(list(earliest(10)).await, ["3", "2"]);
        assert_eq!(list(earliest(11)).await, ["3"]);
        let threads = all(&office, &grant, default()).await;
        let one = |id: &str| {
            of_messages(MessageQuery {
                thread_id: Some(id.to_owned()),
                ..MessageQuery::default()
            })
        };
        assert_eq!(list(one(threads[0]["id"].as_str().unwrap())).await, ["1"]);
        assert_eq!(list(one("nonsense")).await, [""; 0]);
    }
}

/// What a filter must give, told from all messages of the account.
fn expected(messages: &[Value], matches: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut order = Vec::new();
    let mut matched: HashSet<&str> = HashSet::new();
    for message in messages {
        let thread = message["thread_id"].as_str().unwrap();
        if !order.contains(&thread) {
            order.push(thread);
        }
        if matches(message) {
            matched.insert(thread);
        }
    }
    let kept = order.into_iter().filter(|thread| matched.contains(thread));
    kept.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_gives_what_a_look_at_all_messages_gives() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut random = 7_u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % below
        };
        let mut ids = Vec::new();
        for conversation in 0..90 {
            ids.push(start(&office, conversation, "ann@a.example").await);
        }
        for number in 0..220_usize {
            // Many of them within the same second.
            office.clock.forward(i64::from(next(3) / 2));
            let from = ["bob@b.example", "carl@c.example", "dora@d.example"][next(3) as usize];
            let from = if number == 20 { "rare@r.example" } else { from };
            ids.push(say(&office, next(90) as usize, from, "X: y").await);
        }
        for id in &ids {
            if next(4) == 0 {
                let folder = ["archive", "trash", "junk", "sent"][next(4) as usize];
                move_to(&office, &grant, id, folder).await;
            }
            if next(9) == 0 {
                let update = MessageUpdate {
                    unread: Some(false),
                    starred: Some(next(2) == 0),
                    ..MessageUpdate::default()
                };
                let updated = office.mailroom.update_message(&grant, id, update).await;
                updated.unwrap();
            }
        }
        let messages = every_message(&office, &grant).await;
        assert_eq!(messages.len(), 310);
        let folders = office.mailroom.list_folders(&grant, None, false).await;
        let folders: BTreeMap<String, String> = folders
            .unwrap()
            .into_iter()
            .map(|folder| (folder.id, folder.name))
            .collect();
        let visible = |message: &Value| {
            let name = &folders[message["folders"][0].as_str().unwrap()];
            name != "Trash" && name != "Junk"
        };
        let from = |message: &Value, who: &str| message["from"][0]["email"] == who;
        let default = MessageQuery::default;
        let cases: Vec<(MessageQuery, Matches<'_>)> = vec![
            (default(), Box::new(visible)),
            (
                MessageQuery {
                    folders: FolderFilter::All,
                    ..default()
                },
                Box::new(|_| true),
            ),
            (
                MessageQuery {
                    folders: FolderFilter::All,
                    from: vec!["rare@r.example".to_owned()],
                    ..default()
                },
                Box::new(|message| from(message, "rare@r.example")),
            ),
            (
                MessageQuery {
                    from: vec!["bob@b.example".to_owned(), "dora@d.example".to_owned()],
                    ..default()
                },
                Box::new(|message| {
                    visible(message)
                        && (from(message, "bob@b.example") || from(message, "dora@d.example"))
                }),
            ),
            (
                MessageQuery {
                    unread: Some(false),
                    ..default()
                },
                Box::new(|message| visible(message) && message["unread"] == false),
            ),
            (
                MessageQuery {
                    starred: Some(true),
                    any_email: vec!["carl@c.example".to_owned()],
                    ..default()
                },
                Box::new(|message| {
                    visible(message)
                        && message["starred"] == true
                        && from(message, "carl@c.example")
                }),
            ),
            (
                MessageQuery {
                    subject: Some("conversation 1".to_owned()),
                    ..default()
                },
                Box::new(|message| {
                    let subject = message["subject"].as_str().unwrap().to_lowercase();
                    visible(message) && subject.contains("conversation 1")
                }),
            ),
        ];
        for (query, matches) in cases {
            let wanted = expected(&messages, matches);
            let listed = all(&office, &grant, of_messages(query.clone())).await;
            let listed: Vec<String> = listed
                .iter()
                .map(|thread| thread["id"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(listed, wanted, "{query:?}");
            let request = PageRequest {
                limit: 4,
                cursor: None,
                offset: 3,
            };
            let skipped = office
                .mailroom
                .list_threads(&grant, of_messages(query), request)
                .await
                .unwrap();
            let skipped: Vec<Value> = objects(&skipped);
            let ids: Vec<&str> = skipped
                .iter()
                .map(|one| one["id"].as_str().unwrap())
                .collect();
            let rest: Vec<&str> = wanted.iter().skip(3).take(4).map(String::as_str).collect();
            assert_eq!(ids, rest);
        }
    }
}

async fn every_message(office: &Office, grant: &GrantRef) -> Vec<Value> {
    let query = MessageQuery {
        folders: FolderFilter::All,
        ..MessageQuery::default()
    };
    let mut request = PageRequest {
        limit: 200,
        ..PageRequest::default()
    };
    let mut messages = Vec::new();
    loop {
        let detail = posthouse_mailroom::read::Detail::Standard;
        let page = office
            .mailroom
            .list_messages(grant, query.clone(), request.clone(), detail)
            .await
            .unwrap();
        messages.extend(objects(&page));
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            return messages;
        }
    }
}
