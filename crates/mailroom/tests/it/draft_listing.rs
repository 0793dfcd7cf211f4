//! Drafts are listed: filtered by what they have now, in pages that lose and repeat none.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::read::{FolderFilter, MessageQuery, PageRequest};
use serde_json::{Value, json};

use crate::drafts::{create, labelled, letter, people, update};
use crate::support::{Office, every_engine, objects};

async fn list(office: &Office, grant: &GrantRef, query: MessageQuery) -> Vec<String> {
    let page = PageRequest {
        limit: 50,
        ..PageRequest::default()
    };
    let page = office.mailroom.list_drafts(grant, query, page).await;
    let subject = |draft: &Value| draft["subject"].as_str().unwrap().to_owned();
    objects(&page.unwrap()).iter().map(subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_found_by_what_they_have_now_the_newest_change_first() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let mut drafts = Vec::new();
        for (recipient, subject) in [
            ("a@shop.example", "Alpha 100%"),
            ("b@shop.example", "Beta"),
            ("c@shop.example", "Gamma"),
        ] {
            office.clock.forward(1);
            drafts.push(create(&office, &agent, letter(recipient, subject)).await);
        }
        let all = MessageQuery::default;
        assert_eq!(
            list(&office, &agent, all()).await,
            ["Gamma", "Beta", "Alpha 100%"]
        );
        office.clock.forward(1);
        let change = DraftChange {
            bcc: Some(people(&["Hidden@Shop.example"])),
            starred: Some(true),
            ..labelled("key1", "v")
        };
        update(&office, &agent, &drafts[0], change).await.unwrap();
        assert_eq!(
            list(&office, &agent, all()).await,
            ["Alpha 100%", "Gamma", "Beta"]
        );

        let text = |text: &str| vec![text.to_owned()];
        let queries: [(MessageQuery, &[&str]); 12] = [
            (
                MessageQuery {
                    to: text("B@shop.example"),
                    ..all()
                },
                &["Beta"],
            ),
            (
                MessageQuery {
                    bcc: text("hidden@shop.example"),
                    ..all()
                },
                &["Alpha 100%"],
            ),
            (
                MessageQuery {
                    cc: text("hidden@shop.example"),
                    ..all()
                },
                &[],
            ),
            (
                MessageQuery {
                    any_email: text("hidden@shop.example"),
                    ..all()
                },
                &["Alpha 100%"],
            ),
            (
                MessageQuery {
                    from: text("agent@agents.localhost"),
                    starred: Some(false),
                    ..all()
                },
                &["Gamma", "Beta"],
            ),
            (
                MessageQuery {
                    subject: Some("100%".to_owned()),
                    ..all()
                },
                &["Alpha 100%"],
            ),
            (
                MessageQuery {
                    subject: Some("A_p".to_owned()),
                    ..all()
                },
                &[],
            ),
            (
                MessageQuery {
                    metadata_pairs: text("key1:v"),
                    ..all()
                },
                &["Alpha 100%"],
            ),
            (
                MessageQuery {
                    metadata_pairs: text("key1:w"),
                    ..all()
                },
                &[],
            ),
            (
                MessageQuery {
                    unread: Some(true),
                    ..all()
                },
                &[],
            ),
            (
                MessageQuery {
                    has_attachment: Some(true),
                    ..all()
                },
                &[],
            ),
            (
                MessageQuery {
                    folders: FolderFilter::Named(text("inbox")),
                    ..all()
                },
                &[],
            ),
        ];
        for (number, (query, expected)) in queries.into_iter().enumerate() {
            assert_eq!(list(&office, &agent, query).await, expected, "{number}");
        }
        let named = FolderFilter::Named(text("drafts"));
        let named = MessageQuery {
            folders: named,
            ..all()
        };
        assert_eq!(list(&office, &agent, named).await.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_changing_length_show_each_draft_once_while_others_are_made() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        for number in 0..11 {
            office.clock.forward(i64::from(number % 2 == 0));
            create(
                &office,
                &agent,
                letter("a@shop.example", &number.to_string()),
            )
            .await;
        }
        let (mut seen, mut cursor, mut limit) = (Vec::new(), None, 1);
        loop {
            let page = PageRequest {
                limit,
                cursor,
                offset: 0,
            };
            let query = MessageQuery::default();
            let page = office
                .mailroom
                .list_drafts(&agent, query, page)
                .await
                .unwrap();
            assert!(page.ends.len() <= limit);
            seen.extend(objects(&page).iter().map(|draft| draft["subject"].clone()));
            create(&office, &agent, letter("a@shop.example", "new")).await;
            cursor = page.next_cursor;
            limit = limit % 3 + 1;
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<Value> = (0..11)
            .rev()
            .map(|number| json!(number.to_string()))
            .collect();
        assert_eq!(seen, expected);
        let page = PageRequest {
            limit: 1,
            cursor: Some("1.1.1".to_owned()),
            offset: 0,
        };
        let refused = office
            .mailroom
            .list_drafts(&agent, MessageQuery::default(), page)
            .await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_long_drafts_ends_early_and_the_next_goes_on() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let long = "long ".repeat(2_000_000);
        for number in 0..3 {
            office.clock.forward(1);
            let new = DraftChange {
                body: Some(long.clone()),
                ..letter("a@shop.example", &number.to_string())
            };
            create(&office, &agent, new).await;
        }
        let (mut lengths, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest {
                limit: 50,
                cursor,
                offset: 0,
            };
            let query = MessageQuery::default();
            let page = office.mailroom.list_drafts(&agent, query, page).await;
            let page = page.unwrap();
            assert!(page.json.len() > page.ends.len() * long.len());
            lengths.push(page.ends.len());
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(lengths, [2, 1]);
    }
}
