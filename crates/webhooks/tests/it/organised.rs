//! What changes and goes in a mailbox is announced: the message as it is now, what is left of one that is gone, folders.

use std::collections::BTreeMap;

use posthouse_mailroom::organise::{FolderUpdate, MessageUpdate, Metadata, NewFolder};
use posthouse_mailroom::read::{MessageQuery, PageRequest};
use posthouse_mailroom::webhooks::NewDestination;
use posthouse_types::ids::Kind;
use serde_json::{Value, json};

use crate::office::{Office, for_messages, until};
use crate::receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
async fn folders_and_messages_that_change_or_go_are_announced_with_their_own_objects() {
    let (office, receiver) = (Office::open().await, Receiver::start().await);
    let new = NewDestination {
        trigger_types: [
            "message.updated",
            "message.deleted",
            "folder.created",
            "folder.updated",
            "folder.deleted",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..for_messages(receiver.url("/hook"))
    };
    office.try_create(new).await.unwrap();
    let account = office.account("triage").await;
    office.deliver("triage", "Order 42").await;
    let page = PageRequest {
        limit: 1,
        ..PageRequest::default()
    };
    let listed = office
        .mailroom
        .list_messages(&account, MessageQuery::default(), page, Default::default())
        .await
        .unwrap();
    let message: Value = serde_json::from_slice(&listed.json).unwrap();
    let id = message["id"].as_str().unwrap();

    let worker = office.work();
    let folder = NewFolder {
        name: "Vendors".to_owned(),
        ..NewFolder::default()
    };
    let folder = office
        .mailroom
        .create_folder(&account, folder)
        .await
        .unwrap();
    let pairs = BTreeMap::from([("key1".to_owned(), "t-42".to_owned())]);
    let update = MessageUpdate {
        unread: Some(false),
        folders: Some(vec!["vendors".to_owned()]),
        metadata: Some(Metadata::new(pairs).unwrap()),
        ..MessageUpdate::default()
    };
    office
        .mailroom
        .update_message(&account, id, update)
        .await
        .unwrap();
    until("two are announced", async || {
        receiver.notifications().len() == 2
    })
    .await;
    let renamed = FolderUpdate {
        name: Some("Suppliers".to_owned()),
        ..FolderUpdate::default()
    };
    office
        .mailroom
        .update_folder(&account, "vendors", renamed)
        .await
        .unwrap();
    office
        .mailroom
        .delete_folder(&account, &folder.id)
        .await
        .unwrap();
    until("all are announced", async || {
        receiver.notifications().len() == 5
    })
    .await;
    worker.stop().await;

    let by_type: BTreeMap<String, Value> = receiver
        .notifications()
        .iter()
        .map(|request| request.envelope())
        .map(|envelope| {
            assert_eq!(envelope["source"], "/nylas/emails/realtime");
            let name = envelope["type"].as_str().unwrap().to_owned();
            (name, envelope["data"]["object"].clone())
        })
        .collect();
    let grant_id = office.mailroom.public_id(Kind::Grant, account.grant);
    let shown = |name: &str| json!({"grant_id": grant_id, "id": folder.id, "name": name, "object": "folder", "system_folder": false});
    assert_eq!(by_type["folder.created"], shown("Vendors"));
    assert_eq!(by_type["folder.updated"], shown("Suppliers"));
    assert_eq!(by_type["folder.deleted"], shown("Suppliers"));
    let updated = &by_type["message.updated"];
    assert_eq!(
        (&updated["unread"], &updated["folders"]),
        (&json!(false), &json!([folder.id]))
    );
    assert_eq!(updated["subject"], "Order 42");
    let deleted = json!({
        "id": id, "grant_id": grant_id, "object": "message", "thread_id": message["thread_id"],
        "metadata": {"key1": "t-42"},
    });
    assert_eq!(by_type["message.deleted"], deleted);
}
