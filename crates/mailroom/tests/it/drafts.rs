//! Drafts are made, changed, found and deleted; they are no messages.

use std::sync::Arc;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::organise::Metadata;
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery};
use posthouse_mailroom::send::TrackingOptions;
use posthouse_store::changes::ChangeKind;
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::organising::{assert_folders_are_exact, count, noted};
use crate::support::{Office, every_engine};

pub fn people(emails: &[&str]) -> Vec<DisplayAddress> {
    let address = |email: &&str| DisplayAddress {
        name: String::new(),
        email: (*email).to_owned(),
    };
    emails.iter().map(address).collect()
}

pub fn letter(recipient: &str, subject: &str) -> DraftChange {
    DraftChange {
        to: Some(people(&[recipient])),
        subject: Some(subject.to_owned()),
        body: Some("<p>Hello</p>".to_owned()),
        ..DraftChange::default()
    }
}

fn subject(text: &str) -> DraftChange {
    DraftChange {
        subject: Some(text.to_owned()),
        ..DraftChange::default()
    }
}

pub fn labelled(key: &str, value: &str) -> DraftChange {
    let pairs = [(key.to_owned(), value.to_owned())].into();
    DraftChange {
        metadata: Some(Metadata::new(pairs).unwrap()),
        ..DraftChange::default()
    }
}

pub async fn create(office: &Office, grant: &GrantRef, new: DraftChange) -> Value {
    let json = office.mailroom.create_draft(grant, new).await.unwrap();
    serde_json::from_slice(&json).unwrap()
}

pub async fn update(
    office: &Office,
    grant: &GrantRef,
    draft: &Value,
    change: DraftChange,
) -> Result<Value, Refusal> {
    let id = draft["id"].as_str().unwrap();
    let json = office.mailroom.update_draft(grant, id, change).await?;
    Ok(serde_json::from_slice(&json).unwrap())
}

pub async fn get(office: &Office, grant: &GrantRef, draft: &Value) -> Result<Value, Refusal> {
    let id = draft["id"].as_str().unwrap();
    let json = office.mailroom.get_draft(grant, id).await?;
    Ok(serde_json::from_slice(&json).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_needs_nothing_and_is_no_message() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let draft = create(&office, &agent, DraftChange::default()).await;
        let id = draft["id"].as_str().unwrap();
        assert_eq!(
            (&draft["object"], &draft["thread_id"], &draft["subject"]),
            (&json!("draft"), &Value::Null, &json!(""))
        );
        assert_eq!(
            draft["from"],
            json!([{"name": "", "email": "agent@agents.localhost"}])
        );
        for list in ["to", "cc", "bcc", "reply_to", "attachments"] {
            assert_eq!(draft[list], json!([]), "{list}");
        }
        assert_eq!(
            (&draft["body"], &draft["unread"], &draft["metadata"]),
            (&json!(""), &json!(false), &json!({}))
        );
        assert_eq!(draft["reply_to_message_id"], "");
        assert_eq!(draft["date"], draft["updated_at"]);
        assert!(draft.get("headers").is_none());
        assert_eq!(get(&office, &agent, &draft).await.unwrap(), draft);

        let folders = office
            .mailroom
            .list_folders(&agent, None, false)
            .await
            .unwrap();
        let drafts = folders
            .iter()
            .find(|folder| folder.name == "Drafts")
            .unwrap();
        assert_eq!(draft["folders"], json!([drafts.id]));
        assert_eq!((drafts.total_count, drafts.unread_count), (1, 0));
        let everywhere = MessageQuery {
            folders: FolderFilter::All,
            ..MessageQuery::default()
        };
        assert!(office.list(&agent, everywhere).await.is_empty());
        let message = office
            .mailroom
            .get_message(&agent, id, Detail::Standard)
            .await;
        assert!(matches!(message, Err(Refusal::NotFound)));
        let deleted = office.mailroom.delete_message(&agent, id).await;
        assert!(matches!(deleted, Err(Refusal::NotFound)));
        assert_eq!(noted(&office).await, [ChangeKind::DraftCreated as i64]);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_replaces_what_it_names_and_keeps_the_rest() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let draft = create(&office, &agent, letter("a@shop.example", "One")).await;
        office.clock.forward(5);
        let change = DraftChange {
            cc: Some(people(&["b@shop.example", "c@shop.example"])),
            body: Some("plain <b>".to_owned()),
            is_plaintext: Some(true),
            custom_headers: Some(vec![("X-Case".to_owned(), "7".to_owned())]),
            starred: Some(true),
            unread: Some(true),
            from: Some(Some(DisplayAddress {
                name: "Ann".to_owned(),
                email: "agent@agents.localhost".to_owned(),
            })),
            ..DraftChange::default()
        };
        let changed = update(&office, &agent, &draft, change).await.unwrap();
        assert_eq!(changed["id"], draft["id"]);
        assert_eq!(changed["subject"], "One");
        assert_eq!(changed["to"], draft["to"]);
        assert_eq!(changed["cc"].as_array().unwrap().len(), 2);
        assert_eq!(changed["from"][0]["name"], "Ann");
        assert_eq!(
            (&changed["body"], &changed["snippet"], &changed["size"]),
            (&json!("plain <b>"), &json!("plain <b>"), &json!(9))
        );
        assert_eq!(
            changed["custom_headers"],
            json!([{"name": "X-Case", "value": "7"}])
        );
        let later = draft["updated_at"].as_i64().unwrap() + 5;
        assert_eq!(
            (
                &changed["created_at"],
                &changed["updated_at"],
                &changed["date"]
            ),
            (&draft["created_at"], &json!(later), &json!(later))
        );
        assert_folders_are_exact(&office).await;
        let cleared = DraftChange {
            from: Some(None),
            cc: Some(Vec::new()),
            ..DraftChange::default()
        };
        let cleared = update(&office, &agent, &changed, cleared).await.unwrap();
        assert_eq!(
            (&cleared["from"][0]["name"], &cleared["cc"]),
            (&json!(""), &json!([]))
        );

        let id = draft["id"].as_str().unwrap();
        let other = office.account("other").await;
        let foreign = update(&office, &other, &draft, subject("x")).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        let foreign = office.mailroom.delete_draft(&other, id).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)));
        office.mailroom.delete_draft(&agent, id).await.unwrap();
        assert!(matches!(
            get(&office, &agent, &draft).await,
            Err(Refusal::NotFound)
        ));
        let again = office.mailroom.delete_draft(&agent, id).await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        let kinds = [
            ChangeKind::DraftCreated,
            ChangeKind::DraftUpdated,
            ChangeKind::DraftUpdated,
            ChangeKind::DraftDeleted,
        ];
        assert_eq!(noted(&office).await, kinds.map(|kind| kind as i64));
        assert_eq!(count(&office, "draft_terms").await, 0);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_leaves_no_trace_and_metadata_notifies_nobody() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let new = DraftChange {
            tracking: Some(Some(TrackingOptions {
                opens: true,
                label: "q4".to_owned(),
                ..TrackingOptions::default()
            })),
            ..letter("a@shop.example", "One")
        };
        let draft = create(&office, &agent, new.clone()).await;
        assert_eq!(
            draft["tracking_options"],
            json!({"opens": true, "links": false, "thread_replies": false, "label": "q4"})
        );
        office.clock.forward(5);
        for nothing in [DraftChange::default(), new] {
            let same = update(&office, &agent, &draft, nothing).await.unwrap();
            assert_eq!(same, draft);
        }
        let change = labelled("key1", "v");
        let marked = update(&office, &agent, &draft, change).await.unwrap();
        assert_eq!(marked["metadata"], json!({"key1": "v"}));
        assert_eq!(
            marked["updated_at"],
            draft["updated_at"].as_i64().unwrap() + 5
        );
        assert_eq!(noted(&office).await, [ChangeKind::DraftCreated as i64]);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_never_be_sent_is_refused_at_once() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let many: Vec<String> = (0..51)
            .map(|number| format!("{number}@shop.example"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let none = DraftChange::default;
        let changes: [(DraftChange, &str); 9] = [
            (
                DraftChange {
                    to: Some(people(&["bob"])),
                    ..none()
                },
                "to[0].email",
            ),
            (
                DraftChange {
                    cc: Some(people(&many)),
                    ..none()
                },
                "to",
            ),
            (
                DraftChange {
                    from: Some(Some(people(&["x@shop.example"]).remove(0))),
                    ..none()
                },
                "from[0].email",
            ),
            (subject("a\r\nBcc: x@shop.example"), "subject"),
            (subject(&"x".repeat(999)), "subject"),
            (
                DraftChange {
                    custom_headers: Some(vec![("Bcc".to_owned(), "x".to_owned())]),
                    ..none()
                },
                "custom_headers[0].name",
            ),
            (
                DraftChange {
                    reply_to: Some(vec![DisplayAddress {
                        name: "a\nb".to_owned(),
                        email: "x@shop.example".to_owned(),
                    }]),
                    ..none()
                },
                "reply_to[0].name",
            ),
            (
                DraftChange {
                    reply_to_message_id: Some(Some("x".to_owned())),
                    ..none()
                },
                "reply_to_message_id",
            ),
            (
                DraftChange {
                    thread_id: Some(Some("x".to_owned())),
                    ..none()
                },
                "thread_id",
            ),
        ];
        let draft = create(&office, &agent, none()).await;
        for (change, field) in changes {
            let refused = office.mailroom.create_draft(&agent, change.clone()).await;
            let named = |refusal| match refusal {
                Refusal::Invalid { field, .. } => field.unwrap_or_default(),
                other => panic!("{other:?}"),
            };
            assert_eq!(named(refused.unwrap_err()), field);
            let refused = update(&office, &agent, &draft, change).await;
            assert_eq!(named(refused.unwrap_err()), field);
        }
        assert_eq!(get(&office, &agent, &draft).await.unwrap(), draft);
        assert_eq!(noted(&office).await, [ChangeKind::DraftCreated as i64]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_of_one_draft_at_once_lose_none() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let draft = create(&office, &agent, letter("a@shop.example", "One")).await;
        let office = Arc::new(office);
        let mut tasks = Vec::new();
        for number in 0..24 {
            let (office, agent, draft) = (Arc::clone(&office), agent.clone(), draft.clone());
            tasks.push(tokio::spawn(async move {
                let change = match number % 4 {
                    0 => subject(&format!("Subject {number}")),
                    1 => DraftChange {
                        unread: Some(true),
                        ..DraftChange::default()
                    },
                    2 => DraftChange {
                        cc: Some(people(&["cc@shop.example"])),
                        ..DraftChange::default()
                    },
                    _ => labelled("key1", &number.to_string()),
                };
                update(&office, &agent, &draft, change).await.unwrap();
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let draft = get(&office, &agent, &draft).await.unwrap();
        assert!(draft["subject"].as_str().unwrap().starts_with("Subject "));
        assert_eq!(
            (&draft["unread"], &draft["cc"][0]["email"]),
            (&json!(true), &json!("cc@shop.example"))
        );
        assert!(draft["metadata"]["key1"].is_string());
        assert_folders_are_exact(&office).await;
    }
}
