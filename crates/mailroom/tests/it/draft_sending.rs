//! Drafts are sent, once each; threads show the ones that belong to them.

use std::sync::Arc;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::organise::Metadata;
use posthouse_mailroom::read::{FolderFilter, MessageQuery, PageRequest};
use posthouse_mailroom::send::{SendWishes, SentMessage};
use posthouse_mailroom::threads::{ThreadQuery, ThreadUpdate};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{StoreError, Tx};
use serde_json::{Value, json};

use crate::draft_files::{file, noise};
use crate::drafts::{create, get, letter, people, update};
use crate::organising::{assert_folders_are_exact, count, noted};
use crate::support::{Office, every_engine, message, objects};

const AGENT: &str = "agent@agents.localhost";

async fn send(office: &Office, grant: &GrantRef, draft: &Value) -> Result<SentMessage, Refusal> {
    let id = draft["id"].as_str().unwrap();
    let sent = office
        .mailroom
        .send_draft(grant, id, SendWishes::default(), None)
        .await?;
    Ok(sent.message)
}

fn object(sent: &SentMessage) -> Value {
    serde_json::from_slice(&sent.object).unwrap()
}

async fn receive(office: &Office, subject: &str) -> String {
    let raw = message(
        &[
            &format!("Subject: {subject}"),
            "To: agent@agents.localhost",
            &format!("Message-ID: <{subject}@shop.example>"),
        ],
        "hello",
    );
    office.deliver_confirmed(&[AGENT], &raw).await.id
}

async fn thread_of(office: &Office, grant: &GrantRef, message: &str) -> String {
    let listed = office.list(grant, MessageQuery::default()).await;
    let found = listed.iter().find(|one| one["id"] == message).unwrap();
    found["thread_id"].as_str().unwrap().to_owned()
}

async fn thread(office: &Office, grant: &GrantRef, id: &str) -> Result<Value, Refusal> {
    let json = office.mailroom.get_thread(grant, id).await?;
    Ok(serde_json::from_slice(&json).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_draft_becomes_a_message_of_its_own_and_is_gone() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let new = DraftChange {
            bcc: Some(people(&["hidden@shop.example"])),
            metadata: Some(Metadata::new([("key1".to_owned(), "v".to_owned())].into()).unwrap()),
            starred: Some(true),
            files: Some(vec![
                file("a.txt", "one"),
                file("large.bin", noise(1, 300_000)),
            ]),
            ..letter("buyer@shop.example", "Quote")
        };
        let draft = create(&office, &agent, new).await;
        let sent = send(&office, &agent, &draft).await.unwrap();
        let shown = object(&sent);
        assert_ne!(shown["id"], draft["id"]);
        for member in ["subject", "to", "bcc", "metadata", "body", "starred"] {
            assert_eq!(shown[member], draft[member], "{member}");
        }
        assert_eq!(shown["object"], "message");
        let attachments = shown["attachments"].as_array().unwrap();
        assert_eq!(attachments[1]["size"], 300_000);
        let id = attachments[0]["id"].as_str().unwrap();
        let found = office
            .mailroom
            .attachment_content(&agent, &sent.id, id)
            .await;
        assert_eq!(found.unwrap().bytes, b"one");

        assert!(matches!(
            get(&office, &agent, &draft).await,
            Err(Refusal::NotFound)
        ));
        let again = send(&office, &agent, &draft).await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        assert_eq!(count(&office, "outbound").await, 2);
        for (table, left) in [
            ("drafts", 0),
            ("draft_files", 0),
            ("draft_terms", 0),
            ("blobs", 1),
        ] {
            assert_eq!(count(&office, table).await, left, "{table}");
        }
        assert_eq!(office.external_blobs(), 1);
        let kinds = noted(&office).await;
        assert_eq!(kinds.len(), 3);
        assert!(kinds.contains(&(ChangeKind::MessageCreated as i64)));
        assert!(kinds.contains(&(ChangeKind::DraftDeleted as i64)));
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_cannot_be_sent_stays() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let draft = create(&office, &agent, DraftChange::default()).await;
        let refused = send(&office, &agent, &draft).await;
        assert!(
            matches!(refused, Err(Refusal::Invalid { field: Some(field), .. }) if field == "to")
        );
        let draft = update(&office, &agent, &draft, letter("a@shop.example", "Now"))
            .await
            .unwrap();
        let suspend = |state: Option<&'static str>| {
            let grant = agent.grant;
            office.store.write(move |tx: &mut dyn Tx| {
                tx.execute(
                    "UPDATE grants SET suspended_inbound = $2 WHERE id = $1",
                    &[grant.into(), state.into()],
                )
            })
        };
        let suspended: Result<u64, StoreError> = suspend(Some("accept")).await;
        suspended.unwrap();
        let refused = send(&office, &agent, &draft).await;
        assert!(matches!(refused, Err(Refusal::Suspended)));
        let back: Result<u64, StoreError> = suspend(None).await;
        back.unwrap();
        assert_eq!(get(&office, &agent, &draft).await.unwrap(), draft);
        assert_eq!(count(&office, "outbound").await, 0);
        send(&office, &agent, &draft).await.unwrap();
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_many_send_at_once_is_sent_once() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let new = DraftChange {
            files: Some(vec![file("large.bin", noise(4, 200_000))]),
            ..letter("buyer@shop.example", "Once")
        };
        let draft = create(&office, &agent, new).await;
        let office = Arc::new(office);
        let mut tasks = Vec::new();
        for number in 0..12 {
            let (office, agent, draft) = (Arc::clone(&office), agent.clone(), draft.clone());
            tasks.push(tokio::spawn(async move {
                if number % 3 == 2 {
                    let change = letter("buyer@shop.example", &format!("Once {number}"));
                    let changed = update(&office, &agent, &draft, change).await;
                    assert!(
                        matches!(changed, Ok(_) | Err(Refusal::NotFound)),
                        "{changed:?}"
                    );
                    return 0;
                }
                match send(&office, &agent, &draft).await {
                    Ok(_) => 1,
                    Err(Refusal::NotFound | Refusal::Conflict { .. }) => 0,
                    Err(other) => panic!("{other:?}"),
                }
            }));
        }
        let mut sent = 0;
        for task in tasks {
            sent += task.await.unwrap();
        }
        if sent == 0 {
            // Whoever gave up because of the changes left the draft as it is.
            send(&office, &agent, &draft).await.unwrap();
        }
        assert!(sent <= 1);
        assert_eq!(count(&office, "outbound").await, 1);
        assert_eq!(count(&office, "messages").await, 1);
        assert_eq!(count(&office, "drafts").await, 0);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_joins_its_thread_as_a_draft_and_as_a_message() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let asked = receive(&office, "question").await;
        let thread_id = thread_of(&office, &agent, &asked).await;
        office.clock.forward(60);
        let new = DraftChange {
            reply_to_message_id: Some(Some(asked.clone())),
            ..letter("buyer@shop.example", "Re: question")
        };
        let draft = create(&office, &agent, new).await;
        assert_eq!(draft["thread_id"], thread_id);
        assert_eq!(draft["reply_to_message_id"], asked);
        let query = MessageQuery {
            thread_id: Some(thread_id.clone()),
            ..MessageQuery::default()
        };
        let page = PageRequest {
            limit: 5,
            ..PageRequest::default()
        };
        let found = office
            .mailroom
            .list_drafts(&agent, query, page)
            .await
            .unwrap();
        assert_eq!(objects(&found), std::slice::from_ref(&draft));
        let sent = object(&send(&office, &agent, &draft).await.unwrap());
        assert_eq!(
            (&sent["thread_id"], &sent["reply_to_message_id"]),
            (&draft["thread_id"], &json!(asked))
        );
        let messages = office.list(&agent, MessageQuery::default()).await;
        let target = messages.iter().find(|one| one["id"] == asked).unwrap();
        assert_eq!(target["answered"], true);

        // A draft may belong to a thread without answering anything in it.
        let new = DraftChange {
            thread_id: Some(Some(thread_id.clone())),
            ..letter("buyer@shop.example", "By the way")
        };
        let draft = create(&office, &agent, new).await;
        assert_eq!(
            (&draft["thread_id"], &draft["reply_to_message_id"]),
            (&json!(thread_id), &json!(""))
        );
        let sent = object(&send(&office, &agent, &draft).await.unwrap());
        assert_eq!(sent["thread_id"], thread_id);
        // And leave one again.
        let new = DraftChange {
            reply_to_message_id: Some(Some(asked)),
            ..letter("buyer@shop.example", "Elsewhere")
        };
        let draft = create(&office, &agent, new).await;
        let leave = DraftChange {
            reply_to_message_id: Some(None),
            ..DraftChange::default()
        };
        let left = update(&office, &agent, &draft, leave).await.unwrap();
        assert_eq!(
            (&left["thread_id"], &left["reply_to_message_id"]),
            (&Value::Null, &json!(""))
        );
        let sent = object(&send(&office, &agent, &draft).await.unwrap());
        assert_ne!(sent["thread_id"], thread_id);
        assert_folders_are_exact(&office).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_show_their_drafts_and_last_as_long_as_one_is_left() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let asked = receive(&office, "question").await;
        let id = thread_of(&office, &agent, &asked).await;
        let plain = thread(&office, &agent, &id).await.unwrap();
        assert_eq!(
            (&plain["draft_ids"], &plain["has_drafts"]),
            (&json!([]), &json!(false))
        );
        office.clock.forward(60);
        let new = |subject: &str| DraftChange {
            reply_to_message_id: Some(Some(asked.clone())),
            ..letter("buyer@shop.example", subject)
        };
        let older = create(&office, &agent, new("Re: one")).await;
        office.clock.forward(1);
        let newer = create(&office, &agent, new("Re: two")).await;
        let shown = thread(&office, &agent, &id).await.unwrap();
        assert_eq!(shown["draft_ids"], json!([newer["id"], older["id"]]));
        assert_eq!(shown["has_drafts"], true);
        assert_eq!(shown["latest_draft_or_message"], newer);
        assert_eq!(
            (&shown["subject"], &shown["snippet"]),
            (&plain["subject"], &plain["snippet"])
        );
        let folders = shown["folders"].as_array().unwrap();
        assert!(folders.contains(&newer["folders"][0]) && folders.len() == 2);
        let page = PageRequest {
            limit: 5,
            ..PageRequest::default()
        };
        let listed = office
            .mailroom
            .list_threads(&agent, ThreadQuery::default(), page)
            .await;
        assert_eq!(objects(&listed.unwrap()), std::slice::from_ref(&shown));

        // A message that is newer than the drafts goes first.
        office.clock.forward(60);
        let raw = message(
            &[
                "Subject: Re: question",
                "In-Reply-To: <question@shop.example>",
            ],
            "well?",
        );
        office.deliver_confirmed(&[AGENT], &raw).await;
        let shown = thread(&office, &agent, &id).await.unwrap();
        assert_eq!(shown["latest_draft_or_message"]["object"], "message");

        let away = ThreadUpdate {
            unread: Some(true),
            starred: Some(true),
            folders: Some(vec!["archive".to_owned()]),
        };
        office
            .mailroom
            .update_thread(&agent, &id, away)
            .await
            .unwrap();
        assert_eq!(get(&office, &agent, &newer).await.unwrap(), newer);
        for _ in 0..2 {
            let everything = MessageQuery {
                folders: FolderFilter::All,
                ..MessageQuery::default()
            };
            for one in office.list(&agent, everything).await {
                let message = one["id"].as_str().unwrap();
                office
                    .mailroom
                    .delete_message(&agent, message)
                    .await
                    .unwrap();
            }
        }
        let left = thread(&office, &agent, &id).await.unwrap();
        assert_eq!(
            (&left["message_ids"], &left["earliest_message_date"]),
            (&json!([]), &Value::Null)
        );
        assert_eq!(left["draft_ids"], json!([newer["id"], older["id"]]));
        assert_eq!(
            (&left["subject"], &left["latest_draft_or_message"]),
            (&json!("Re: one"), &newer)
        );
        assert_eq!(left["participants"].as_array().unwrap().len(), 2);
        let updated = office
            .mailroom
            .update_thread(&agent, &id, ThreadUpdate::default())
            .await;
        updated.unwrap();
        office.mailroom.delete_thread(&agent, &id).await.unwrap();
        // What it answers is gone: that may be repeated, and is said when it is sent.
        let same = update(&office, &agent, &newer, new("Re: two")).await;
        assert_eq!(same.unwrap(), newer);
        let refused = send(&office, &agent, &newer).await;
        assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        for draft in [older, newer] {
            let id = draft["id"].as_str().unwrap();
            office.mailroom.delete_draft(&agent, id).await.unwrap();
        }
        let gone = thread(&office, &agent, &id).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
        assert_folders_are_exact(&office).await;
    }
}
