//! Messages that are sent later, across the death of the server: each once, and each told of.

use std::collections::HashSet;
use std::path::PathBuf;

use posthouse_tests::database::Database;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use posthouse_tests::{api::Api, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Messages that wait when the server is killed.
const MESSAGES: usize = 12;

/// The server's clock, as a file that says how far it runs ahead.
struct Clock {
    directory: TempDir,
}

impl Clock {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("clock")
    }

    fn ahead(&self, seconds: i64) {
        // Written aside and moved, so that nobody reads half of it.
        let aside = self.directory.path().join("next");
        std::fs::write(&aside, seconds.to_string()).expect("a clock to write");
        std::fs::rename(&aside, self.path()).expect("a clock to set");
    }

    fn environment(&self) -> (String, String) {
        let path = self.path().to_string_lossy().into_owned();
        ("POSTHOUSE_TEST_CLOCK".to_owned(), path)
    }
}

fn unix_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_secs()).expect("a date of this age")
}

async fn take(api: &Api, from: &Account, subject: &str, send_at: i64) -> Value {
    let body = json!({
        "to": [{"email": "buyer@shop.example"}],
        "subject": subject,
        "body": "<p>Later</p>",
        "send_at": send_at,
    });
    let path = format!("/v3/grants/{}/messages/send", from.id);
    api.post(&path, body).await.expect(202).data()
}

async fn sent(api: &Api, account: &Account) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages?in=sent&limit=200", account.id);
    api.get(&path).await.expect(200).rows()
}

async fn schedules(api: &Api, account: &Account) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages/schedules", account.id);
    api.get(&path).await.expect(200).rows()
}

fn texts(rows: &[Value], member: &str) -> Vec<String> {
    let text = |row: &Value| row[member].as_str().expect("a text").to_owned();
    let mut texts: Vec<String> = rows.iter().map(text).collect();
    texts.sort();
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_outlives_the_server_and_is_sent_once_on_the_embedded_store() {
    killed_and_sent_once(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_outlives_the_server_and_is_sent_once_on_postgresql() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    killed_and_sent_once(options).await;
}

async fn killed_and_sent_once(mut options: Options) {
    let clock = Clock::new();
    options.environment.push(clock.environment());
    let mut server = Posthouse::start_with(options).await;
    let receiver = WebhookReceiver::start().await;
    let agent = server.create_account("agent").await;
    let hook = json!({
        "trigger_types": ["message.send_success", "message.send_failed"],
        "webhook_url": receiver.url("/hook"),
    });
    server.api().post("/v3/webhooks", hook).await.expect(200);
    let send_at = unix_now() + 600;
    let mut promised = Vec::new();
    for number in 0..MESSAGES {
        let subject = format!("number {number:02}");
        promised.push(take(&server.api(), &agent, &subject, send_at).await);
    }
    server.kill();
    server.launch().await;
    assert_eq!(sent(&server.api(), &agent).await, Vec::<Value>::new());
    let waiting = schedules(&server.api(), &agent).await;
    assert!(waiting.iter().all(|one| one["status"]["code"] == "pending"));

    // The time comes, and the server dies in the middle of it.
    clock.ahead(601);
    eventually("the first messages to be sent", async || {
        (!sent(&server.api(), &agent).await.is_empty()).then_some(())
    })
    .await;
    server.kill();
    // What was claimed on a shared database is free again after a minute.
    clock.ahead(700);
    server.launch().await;
    let api = server.api();
    eventually("every schedule to be closed", async || {
        let open = schedules(&api, &agent).await;
        let closed = |one: &Value| one["status"]["code"] == "success";
        open.iter().all(closed).then_some(())
    })
    .await;
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

    // An event may be told twice, so each is waited for, not their number.
    let told = eventually("an event for each", async || {
        let received = receiver.notifications();
        let told: Vec<Value> = received.iter().map(|one| one.json()).collect();
        let ids: HashSet<&Value> = told
            .iter()
            .map(|one| &one["data"]["object"]["id"])
            .collect();
        (ids.len() >= MESSAGES).then_some(told)
    })
    .await;
    for event in &told {
        assert_eq!(event["type"], "message.send_success");
        assert_eq!(event["source"], "/nylas/send");
        assert_eq!(event["data"]["grant_id"], agent.id.as_str());
        let object = &event["data"]["object"];
        assert_eq!(
            (&object["send_at"], &object["use_draft"]),
            (&json!(send_at), &json!(false))
        );
        assert_eq!(object.get("body"), None);
    }
    let objects: Vec<Value> = told
        .iter()
        .map(|event| event["data"]["object"].clone())
        .collect();
    let mut ids = texts(&objects, "id");
    ids.dedup();
    assert_eq!(ids, texts(&promised, "id"));
    let mut tellings = texts(&objects, "schedule_id");
    tellings.dedup();
    assert_eq!(tellings, texts(&promised, "schedule_id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_send_each_message_once() {
    let Some(database) = Database::create().await else {
        return;
    };
    let clock = Clock::new();
    let url = database.url().to_owned();
    let first = Posthouse::start_with(Options {
        database: Some(database),
        environment: vec![clock.environment()],
        ..Options::default()
    })
    .await;
    let _second = Posthouse::start_with(Options {
        flags: vec!["--database".to_owned(), url],
        environment: vec![clock.environment()],
        ..Options::default()
    })
    .await;
    let agent = first.create_account("agent").await;
    let api = first.api();
    let send_at = unix_now() + 600;
    let mut promised = Vec::new();
    for number in 0..MESSAGES {
        promised.push(take(&api, &agent, &format!("number {number:02}"), send_at).await);
    }
    clock.ahead(601);
    eventually("every schedule to be closed", async || {
        let all = schedules(&api, &agent).await;
        let closed = |one: &Value| one["status"]["code"] == "success";
        all.iter().all(closed).then_some(())
    })
    .await;
    assert_eq!(
        texts(&sent(&api, &agent).await, "id"),
        texts(&promised, "id")
    );
    let queue = api
        .get("/v3/admin/queue?limit=200")
        .await
        .expect(200)
        .rows();
    assert_eq!(texts(&queue, "message_id"), texts(&promised, "id"));
}
