//! Held messages across the death of the server and between two processes: each is sent once, and each is told of; loops
//! of replies between two agents end.

use std::collections::BTreeSet;

use posthouse_tests::api::Api;
use posthouse_tests::database::Database;
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Messages that wait for approval when the server is killed.
const MESSAGES: usize = 16;

/// Lets the default workspace hold mail for strangers.
async fn hold_mail_for_strangers(api: &Api) {
    let policy = json!({"name": "Guarded", "outbound_guard": {"first_time_recipients": "hold"}});
    let policy_id = api
        .post("/v3/policies", policy)
        .await
        .expect(200)
        .text_of("id");
    let workspaces = api.get("/v3/workspaces").await.expect(200).rows();
    let default = workspaces[0]["workspace_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/v3/workspaces/{default}");
    api.patch(&path, json!({"policy_id": policy_id}))
        .await
        .expect(200);
}

async fn held(api: &Api, from: &Account, subject: &str) -> Value {
    let letter =
        json!({"to": [{"email": "buyer@shop.example"}], "subject": subject, "body": "Hello"});
    let path = format!("/v3/grants/{}/messages/send", from.id);
    api.post(&path, letter).await.expect(202).data()
}

async fn sent(api: &Api, account: &Account) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages?in=sent&limit=200", account.id);
    api.get(&path).await.expect(200).rows()
}

fn texts(rows: &[Value], member: &str) -> Vec<String> {
    let text = |row: &Value| row[member].as_str().expect("a text").to_owned();
    let mut texts: Vec<String> = rows.iter().map(text).collect();
    texts.sort();
    texts
}

fn hold_ids(held: &[Value]) -> Vec<String> {
    let id = |one: &Value| one["hold"]["id"].as_str().expect("an id").to_owned();
    held.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_somebody_approves_each_message_is_sent_once_on_the_embedded_store() {
    killed_and_sent_once(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_somebody_approves_each_message_is_sent_once_on_postgresql() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    killed_and_sent_once(options).await;
}

async fn killed_and_sent_once(options: Options) {
    let mut server = Posthouse::start_with(options).await;
    let agent = server.create_account("agent").await;
    hold_mail_for_strangers(&server.api()).await;
    let mut promised = Vec::new();
    for number in 0..MESSAGES {
        promised.push(held(&server.api(), &agent, &format!("number {number:02}")).await);
    }
    let ids = hold_ids(&promised);
    let mut approving = JoinSet::new();
    for id in &ids {
        let (api, path) = (server.api(), format!("/v3/holds/{id}/approve"));
        approving.spawn(async move { api.try_post(&path, json!({})).await });
    }
    // The server dies after the first answer, in the middle of the others.
    let first = approving
        .join_next()
        .await
        .expect("an approval")
        .expect("no panic");
    assert_eq!(first, Some(200));
    server.kill();
    let rest = approving.join_all().await;
    let answered = 1 + rest.iter().filter(|status| **status == Some(200)).count();

    server.launch().await;
    let api = server.api();
    let copies = sent(&api, &agent).await;
    assert!(copies.len() >= answered, "{} < {answered}", copies.len());
    for id in &ids {
        let one = api.get(&format!("/v3/holds/{id}")).await.expect(200).data();
        let again = api
            .try_post(&format!("/v3/holds/{id}/approve"), json!({}))
            .await;
        let expected = if one["status"] == "pending" { 200 } else { 409 };
        assert_eq!(again, Some(expected), "{one:?}");
    }
    let copies = sent(&api, &agent).await;
    assert_eq!(
        texts(&copies, "id"),
        texts(&promised, "id"),
        "not each once"
    );
    let queue = api
        .get("/v3/admin/queue?limit=200")
        .await
        .expect(200)
        .rows();
    assert_eq!(texts(&queue, "message_id"), texts(&promised, "id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_a_hold_and_its_approval_the_message_waits_and_goes_once() {
    let mut server = Posthouse::start().await;
    let agent = server.create_account("agent").await;
    hold_mail_for_strangers(&server.api()).await;
    let promised = held(&server.api(), &agent, "Offer").await;
    server.kill();
    server.launch().await;
    let api = server.api();
    let waiting = api.get("/v3/holds?status=pending").await.expect(200).rows();
    assert_eq!(
        texts(&waiting, "id"),
        hold_ids(std::slice::from_ref(&promised))
    );
    assert!(sent(&api, &agent).await.is_empty());
    let approve = format!(
        "/v3/holds/{}/approve",
        hold_ids(std::slice::from_ref(&promised))[0]
    );
    api.post(&approve, json!({})).await.expect(200);
    server.kill();
    server.launch().await;
    let api = server.api();
    api.post(&approve, json!({})).await.expect(409);
    let copies = sent(&api, &agent).await;
    assert_eq!(texts(&copies, "id"), texts(&[promised], "id"));
    let queue = api.get("/v3/admin/queue").await.expect(200).rows();
    assert_eq!(queue.len(), 1, "{queue:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_decide_at_once_decide_once() {
    let Some(database) = Database::create().await else {
        return;
    };
    let url = database.url().to_owned();
    let first = Posthouse::start_with(Options {
        database: Some(database),
        ..Options::default()
    })
    .await;
    let receiver = WebhookReceiver::start().await;
    let agent = first.create_account("agent").await;
    let hook = json!({
        "trigger_types": ["message.held", "message.send_success", "message.send_failed"],
        "webhook_url": receiver.url("/hook"),
    });
    first.api().post("/v3/webhooks", hook).await.expect(200);
    hold_mail_for_strangers(&first.api()).await;
    let mut promised = Vec::new();
    for number in 0..MESSAGES {
        promised.push(held(&first.api(), &agent, &format!("number {number:02}")).await);
    }
    let second = Posthouse::start_with(Options {
        flags: vec!["--database".to_owned(), url],
        ..Options::default()
    })
    .await;
    let application = first.api().get("/v3/applications").await.expect(200);
    let keys = format!(
        "/v3/admin/applications/{}/api-keys",
        application.text_of("application_id")
    );
    let key = first
        .api()
        .post(&keys, json!({"name": "second"}))
        .await
        .expect(200)
        .text_of("api_key");
    let other = second.api().with_key(&key);
    let mut deciding = JoinSet::new();
    for id in hold_ids(&promised) {
        for (api, verb) in [
            (first.api(), "approve"),
            (other.clone(), "approve"),
            (other.clone(), "reject"),
        ] {
            let path = format!("/v3/holds/{id}/{verb}");
            deciding.spawn(async move { (path.clone(), api.try_post(&path, json!({})).await) });
        }
    }
    let outcomes = deciding.join_all().await;
    let won: Vec<&String> = outcomes
        .iter()
        .filter(|(_, status)| *status == Some(200))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(won.len(), MESSAGES, "{outcomes:?}");
    assert!(
        outcomes
            .iter()
            .all(|(_, status)| matches!(status, Some(200 | 409))),
        "{outcomes:?}"
    );
    let approved = won.iter().filter(|path| path.ends_with("/approve")).count();
    assert_eq!(sent(&first.api(), &agent).await.len(), approved);
    let events = eventually("every event", async || {
        let told: Vec<Value> = receiver
            .notifications()
            .iter()
            .map(|one| one.json())
            .collect();
        let of = |kind: &str| -> BTreeSet<String> {
            let alike = told.iter().filter(|event| event["type"] == kind);
            alike.map(|event| event["id"].to_string()).collect()
        };
        let held = of("message.held");
        let ended = of("message.send_success").len() + of("message.send_failed").len();
        (held.len() == MESSAGES && ended == MESSAGES).then_some(told.clone())
    })
    .await;
    for event in events {
        assert_eq!(event["source"], "/nylas/send", "{event:?}");
        assert_eq!(event["data"]["grant_id"], agent.id.as_str());
        if event["type"] == "message.held" {
            let object = &event["data"]["object"];
            assert_eq!(object["message"]["to"], json!(["buyer@shop.example"]));
            assert!(object["hold_id"].is_string() && object["expires_at"].is_i64());
        }
    }
}

/// Answers everything that arrives, as a program without sense does.
async fn answer_all(api: &Api, account: &Account, peer: &str) -> usize {
    let path = format!(
        "/v3/grants/{}/messages?in=inbox&unread=true&limit=50",
        account.id
    );
    let mut answered = 0;
    for message in api.get(&path).await.expect(200).rows() {
        let id = message["id"].as_str().expect("an id");
        let one = format!("/v3/grants/{}/messages/{id}", account.id);
        api.put(&one, json!({"unread": false})).await.expect(200);
        let reply = json!({
            "to": [{"email": peer}], "subject": "Re: Hello", "body": "And you?", "reply_to_message_id": id,
        });
        let send = format!("/v3/grants/{}/messages/send", account.id);
        match api.try_post(&send, reply).await {
            Some(200) => answered += 1,
            Some(429) => {}
            other => panic!("{other:?}"),
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_03_smtp_12_two_agents_that_answer_each_other_for_ever_are_stopped_within_the_budget()
{
    let server = Posthouse::start_with(Options {
        flags: vec!["--loop-thread-replies".to_owned(), "5".to_owned()],
        ..Options::default()
    })
    .await;
    let receiver = WebhookReceiver::start().await;
    let (one, other) = (
        server.create_account("one").await,
        server.create_account("other").await,
    );
    let api = server.api();
    let hook = json!({"trigger_types": ["thread.paused"], "webhook_url": receiver.url("/hook")});
    api.post("/v3/webhooks", hook).await.expect(200);
    let letter =
        json!({"to": [{"email": other.email}], "subject": "Hello", "body": "How are you?"});
    let path = format!("/v3/grants/{}/messages/send", one.id);
    api.post(&path, letter).await.expect(200);
    let paused = eventually("the loop to be stopped", async || {
        let answered =
            answer_all(&api, &other, &one.email).await + answer_all(&api, &one, &other.email).await;
        let told: Vec<Value> = receiver
            .notifications()
            .iter()
            .map(|event| event.json())
            .collect();
        (answered == 0 && !told.is_empty()).then_some(told)
    })
    .await;
    let ids: BTreeSet<String> = paused.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{paused:?}");
    let object = &paused[0]["data"]["object"];
    assert_eq!(paused[0]["source"], "/nylas/send");
    assert!(
        object["reason"]
            .as_str()
            .expect("a reason")
            .contains("5 replies in this thread"),
        "{object:?}"
    );
    assert!(object["resumes_at"].is_i64() && object["thread_id"].is_string());
    let in_sent = sent(&api, &one).await.len() + sent(&api, &other).await.len();
    assert!(in_sent <= 1 + 2 * 5, "{in_sent}");
    // Both mailboxes go on receiving.
    for account in [&one, &other] {
        let before = server.wait_for_messages(account, 1).await.len();
        let letter = posthouse_tests::letter::Letter::to(&account.email);
        assert_eq!(server.deliver(&letter).await.code, 250);
        server.wait_for_messages(account, before + 1).await;
    }
}
