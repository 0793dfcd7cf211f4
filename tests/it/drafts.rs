//! Drafts outlive their process, are sent once, and tell of themselves.

use std::collections::BTreeMap;

use posthouse_tests::api::Api;
use posthouse_tests::database::Database;
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

/// Drafts that are sent while the server is being killed.
const DRAFTS: usize = 60;

/// Requests at once.
const SENDERS: usize = 6;

/// Times that the server is killed.
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_tells_of_itself_is_found_after_a_kill_and_arrives_when_it_is_sent() {
    let mut server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let types = [
        "draft.created",
        "draft.updated",
        "draft.deleted",
        "message.created",
    ];
    let hook = json!({"trigger_types": types, "webhook_url": receiver.url("/hook")});
    server.api().post("/v3/webhooks", hook).await.expect(200);
    let (ann, bob) = (
        server.create_account("ann").await,
        server.create_account("bob").await,
    );
    let drafts = format!("/v3/grants/{}/drafts", ann.id);
    // More than a row takes: it goes to the blob store.
    let large: String = (0..120_000_u32)
        .map(|place| char::from(b'A' + (place.wrapping_mul(2_654_435_761) >> 27) as u8 % 26))
        .collect();
    let body = json!({
        "to": [{"email": bob.email}], "subject": "Plan",
        "attachments": [{"filename": "plan.bin", "content": large}],
    });
    let draft = server.api().post(&drafts, body).await.expect(200).data();
    let one = format!("{drafts}/{}", draft["id"].as_str().expect("an id"));
    let created = receiver.wait_for_type("draft.created").await.json();
    assert_eq!(created["source"], "/nylas/emails/realtime");
    assert_eq!(created["data"]["object"], draft);

    server.kill();
    server.launch().await;
    let api = server.api();
    assert_eq!(api.get(&one).await.expect(200).data(), draft);
    let changed = api
        .put(&one, json!({"subject": "The plan"}))
        .await
        .expect(200)
        .data();
    assert_eq!(changed["attachments"], draft["attachments"]);
    let updated = receiver.wait_for_type("draft.updated").await.json();
    assert_eq!(updated["data"]["object"], changed);

    let sent = api.post(&one, json!({})).await.expect(200).data();
    api.get(&one).await.expect(404);
    let deleted = receiver.wait_for_type("draft.deleted").await.json();
    let expected = json!({"id": draft["id"], "grant_id": ann.id, "object": "draft"});
    assert_eq!(deleted["data"]["object"], expected);
    let created = receiver.wait_for_type("message.created").await.json();
    assert_eq!(created["data"]["object"]["id"], sent["id"]);
    let arrived = eventually("the message in the inbox", async || {
        let path = format!("/v3/grants/{}/messages?in=inbox", bob.id);
        api.get(&path).await.expect(200).rows().pop()
    })
    .await;
    assert_eq!(
        (&arrived["subject"], &arrived["attachments"][0]["size"]),
        (&json!("The plan"), &json!(90_000))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_drafts_are_sent_the_embedded_store_has_each_as_a_draft_or_as_a_message() {
    kill_and_count(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_drafts_are_sent_postgresql_has_each_as_a_draft_or_as_a_message() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    kill_and_count(options).await;
}

/// Every draft is either there or was sent once, and once only; what was answered was sent.
async fn kill_and_count(options: Options) {
    let mut server = Posthouse::start_with(options).await;
    let ann = server.create_account("ann").await;
    let drafts = format!("/v3/grants/{}/drafts", ann.id);
    let mut waiting: Vec<Value> = Vec::new();
    for number in 0..DRAFTS {
        let body = json!({
            "to": [{"email": "buyer@shop.example"}], "subject": format!("number {number}"),
            "attachments": [{"filename": "a.txt", "content": "b25l"}],
        });
        waiting.push(server.api().post(&drafts, body).await.expect(200).data());
    }
    let mut answered: Vec<String> = Vec::new();
    for round in 0..KILLS {
        let some = &waiting[round * DRAFTS / KILLS..(round + 1) * DRAFTS / KILLS];
        let senders: Vec<_> = some
            .chunks(some.len().div_ceil(SENDERS))
            .map(|some| tokio::spawn(send_all(server.api(), drafts.clone(), some.to_vec())))
            .collect();
        let (api, before) = (server.api(), answered.len());
        eventually("some of the drafts to be sent", async || {
            (sent(&api, &ann).await.len() >= before + some.len() / 3).then_some(())
        })
        .await;
        server.kill();
        for sender in senders {
            answered.extend(sender.await.expect("no sender panics"));
        }
        server.launch().await;
    }
    let api = server.api();
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    let messages = sent(&api, &ann).await;
    let left = api
        .get(&format!("{drafts}?limit=200"))
        .await
        .expect(200)
        .rows();
    for one in messages.iter().chain(&left) {
        let subject = one["subject"].as_str().expect("a subject");
        *there.entry(subject.to_owned()).or_default() += 1;
    }
    assert_eq!(there.len(), DRAFTS, "a draft is lost");
    assert!(
        there.values().all(|count| *count == 1),
        "a draft was sent and is there"
    );
    let was_sent = |subject: &String| {
        messages
            .iter()
            .any(|one| one["subject"] == subject.as_str())
    };
    assert!(answered.iter().all(was_sent), "answered and not sent");
    let queued = api
        .get("/v3/admin/queue?limit=200")
        .await
        .expect(200)
        .rows();
    assert_eq!(queued.len(), messages.len());
    let folder = api
        .get(&format!("/v3/grants/{}/folders/drafts", ann.id))
        .await
        .expect(200)
        .data();
    assert_eq!(folder["total_count"], left.len());
    println!(
        "{} sent and {} left over {KILLS} kills",
        messages.len(),
        left.len()
    );
}

async fn sent(api: &Api, account: &Account) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages?in=sent&limit=200", account.id);
    api.get(&path).await.expect(200).rows()
}

/// Sends drafts until the server is gone; returns the subjects that were answered.
async fn send_all(api: Api, drafts: String, some: Vec<Value>) -> Vec<String> {
    let mut answered = Vec::new();
    for draft in some {
        let path = format!("{drafts}/{}", draft["id"].as_str().expect("an id"));
        match api.try_post(&path, json!({})).await {
            Some(200) => answered.push(draft["subject"].as_str().expect("a text").to_owned()),
            Some(status) => panic!("answered {status}"),
            None => break,
        }
    }
    answered
}
