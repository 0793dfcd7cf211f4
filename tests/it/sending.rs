//! Agents write to each other and to the world: one thread on both sides, one copy each, whatever happens in between.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use posthouse_tests::database::Database;
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::{api::Api, eventually_within};
use serde_json::{Value, json};

/// Messages sent while the server is being killed.
const MESSAGES: usize = 120;

/// Requests at once.
const SENDERS: usize = 8;

/// Times that the server is killed.
const KILLS: usize = 4;

/// On a shared database a killed process keeps its claims until they run out after 30 s.
const CLAIMS_DEADLINE: Duration = Duration::from_secs(100);

async fn send(api: &Api, from: &Account, body: Value) -> Value {
    let path = format!("/v3/grants/{}/messages/send", from.id);
    api.post(&path, body).await.expect(200).data()
}

async fn list(api: &Api, account: &Account, folder: &str) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages?in={folder}&limit=200", account.id);
    api.get(&path).await.expect(200).rows()
}

async fn first_in_inbox(api: &Api, account: &Account) -> Value {
    eventually("a message in the inbox", async || {
        list(api, account, "inbox").await.pop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_converse_in_one_thread_and_the_outside_copy_is_captured_without_bcc() {
    let server = Posthouse::start().await;
    let api = server.api();
    let (ann, bob) = (
        server.create_account("ann").await,
        server.create_account("bob").await,
    );
    let question = json!({
        "to": [{"email": bob.email}],
        "cc": [{"email": "buyer@shop.example"}],
        "bcc": [{"email": "hidden@shop.example"}],
        "subject": "Quote",
        "body": "<p>How much?</p>",
    });
    let asked = send(&api, &ann, question).await;
    let arrived = first_in_inbox(&api, &bob).await;
    assert_eq!(arrived["rfc822_message_id"], asked["rfc822_message_id"]);
    assert_eq!(
        (&arrived["body"], &arrived["bcc"]),
        (&asked["body"], &json!([]))
    );

    let answer = json!({
        "to": arrived["from"],
        "subject": "Re: Quote",
        "body": "<p>42</p>",
        "reply_to_message_id": arrived["id"],
    });
    let answered = send(&api, &bob, answer).await;
    assert_eq!(answered["thread_id"], arrived["thread_id"]);
    let back = first_in_inbox(&api, &ann).await;
    assert_eq!(back["thread_id"], asked["thread_id"]);
    assert_eq!(list(&api, &bob, "inbox").await[0]["answered"], true);

    let captured = api
        .get("/v3/admin/queue?state=captured")
        .await
        .expect(200)
        .rows();
    let recipients: BTreeSet<&str> = captured
        .iter()
        .filter_map(|row| row["recipient"].as_str())
        .collect();
    assert_eq!(
        recipients,
        BTreeSet::from(["buyer@shop.example", "hidden@shop.example"])
    );
    for row in &captured {
        let path = format!("/v3/admin/queue/{}", row["id"].as_str().expect("an id"));
        let one = api.get(&path).await.expect(200).data();
        assert_eq!(one["envelope_from"], ann.email.as_str());
        let raw = base64::engine::general_purpose::URL_SAFE
            .decode(one["raw_mime"].as_str().expect("a source"))
            .expect("base64url");
        let raw = String::from_utf8(raw).expect("we write UTF-8");
        assert!(
            raw.contains("Cc: buyer@shop.example") && !raw.contains("hidden"),
            "{raw}"
        );
    }
    let all = api.get("/v3/admin/queue").await.expect(200).rows();
    assert_eq!(all.len(), 2, "what is delivered here is no longer queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_send_and_delivery_the_embedded_store_loses_and_doubles_nothing() {
    kill_and_count(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_send_and_delivery_postgresql_loses_and_doubles_nothing() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    kill_and_count(options).await;
}

/// Every answered message is in Sent once and arrives once. A message that was cut off may be there too: once at most, and
/// then on both sides, since the copy and the queue are one.
async fn kill_and_count(options: Options) {
    let mut server = Posthouse::start_with(options).await;
    let (ann, bob) = (
        server.create_account("ann").await,
        server.create_account("bob").await,
    );
    let mut answered = BTreeSet::new();
    for round in 0..KILLS {
        let numbers: Vec<usize> =
            (round * MESSAGES / KILLS..(round + 1) * MESSAGES / KILLS).collect();
        let senders: Vec<_> = numbers
            .chunks(numbers.len().div_ceil(SENDERS))
            .map(|some| {
                tokio::spawn(send_numbered(
                    server.api(),
                    ann.clone(),
                    bob.clone(),
                    some.to_vec(),
                ))
            })
            .collect();
        // Half of them are sent, and most of those not delivered yet, when the server goes.
        let api = server.api();
        eventually("half of the messages to be sent", async || {
            let sent = list(&api, &ann, "sent").await.len();
            (sent >= answered.len() + numbers.len() / 2).then_some(())
        })
        .await;
        server.kill();
        for sender in senders {
            answered.extend(sender.await.expect("no sender panics"));
        }
        server.launch().await;
    }
    let api = server.api();
    let sent = subjects(&list(&api, &ann, "sent").await);
    let everything: BTreeSet<String> = sent.iter().cloned().collect();
    assert_eq!(sent.len(), everything.len(), "something is in Sent twice");
    assert!(answered.is_subset(&everything), "answered and lost");
    eventually_within(CLAIMS_DEADLINE, "each message to arrive", async || {
        let queued = api.get("/v3/admin/queue").await.expect(200).rows();
        queued.is_empty().then_some(())
    })
    .await;
    let mut arrived = subjects(&list(&api, &bob, "inbox").await);
    arrived.sort();
    assert_eq!(arrived, Vec::from_iter(everything), "not each once");
    println!(
        "{} messages over {KILLS} kills, each there once",
        arrived.len()
    );
}

/// Sends until the server is gone; returns the subjects that were answered.
async fn send_numbered(api: Api, from: Account, to: Account, numbers: Vec<usize>) -> Vec<String> {
    let mut answered = Vec::new();
    for number in numbers {
        let subject = format!("number {number}");
        let body =
            json!({"to": [{"email": to.email}], "subject": subject, "body": "x".repeat(20_000)});
        let path = format!("/v3/grants/{}/messages/send", from.id);
        match api.try_post(&path, body).await {
            Some(200) => answered.push(subject),
            Some(status) => panic!("answered {status}"),
            None => break,
        }
    }
    answered
}

fn subjects(messages: &[Value]) -> Vec<String> {
    let subject = |message: &Value| message["subject"].as_str().expect("a subject").to_owned();
    messages.iter().map(subject).collect()
}
