//! Schemathesis takes the served OpenAPI document at its word: it calls every operation with what the document allows and with what it does
//! not, and wants each answer to be one of those that the document names.

use std::time::{SystemTime, UNIX_EPOCH};

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use posthouse_tests::tools;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};
use tokio::process::Command;

/// Cases that are made up for each operation.
const EXAMPLES_MAX: &str = "4";

/// Requests that get what they ask for at least: with a wrong key, or ids of nothing, every answer would be as described too.
const GOOD_ANSWERS_MIN: u64 = 50;

/// What is asked of every answer. Not that whatever fits the document is accepted: a document cannot say which folders there are.
const CHECKS: [&str; 8] = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
];

/// Operations that are left out, and why.
const LEFT_OUT: [(&str, &str); 3] = [
    (
        "destroyGrant",
        "the account under test would be gone for all others",
    ),
    (
        "suspendGrant",
        "nothing else could be done with the account any more",
    ),
    (
        "destroyApplication",
        "so would the application, with its keys",
    ),
];

/// Made-up cases, of what the document allows and of what it does not, and calls one after the other with what earlier ones answered.
#[tokio::test]
async fn made_up_requests_are_answered_as_the_document_says() {
    let arguments = [
        "--phases",
        "fuzzing,stateful",
        "--max-examples",
        EXAMPLES_MAX,
    ];
    run(&CHECKS, &arguments).await;
}

/// Every bound of every parameter and field: at the bound, and just past it, which has to be refused. Only here, since of what is made up
/// much that is no text in JSON is one in a query, and the program does not see that.
#[tokio::test]
async fn requests_at_the_bounds_are_answered_as_the_document_says() {
    let mut checks = CHECKS.to_vec();
    checks.push("negative_data_rejection");
    // Seconds after which no further case is begun: on a machine with nothing else to do it ends in half of them.
    let arguments = ["--phases", "examples,coverage", "--max-time", "90"];
    run(&checks, &arguments).await;
}

async fn run(checks: &[&str], arguments: &[&str]) {
    let Some(schemathesis) = tools::schemathesis() else {
        return;
    };
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = settings(&server, &receiver).await;
    std::fs::write(directory.path().join("schemathesis.toml"), settings).expect("a file of ours");
    let mut schemathesis = Command::new(schemathesis);
    schemathesis
        .current_dir(directory.path())
        .args(["--config-file", "schemathesis.toml", "run"])
        .arg(format!("{}/v3/openapi.json", server.api().base()))
        .args(["--checks", &checks.join(",")])
        .args(arguments)
        .args(["--seed", "1"])
        .args(["--continue-on-failure", "--warnings", "off", "--no-color"]);
    for (operation, _) in LEFT_OUT {
        schemathesis.args(["--exclude-operation-id", operation]);
    }
    tools::run_to_success(&mut schemathesis).await;
    let good = answered_2xx(&server).await;
    assert!(
        good >= GOOD_ANSWERS_MIN,
        "only {good} requests were good ones"
    );
}

/// Returns how many requests the server has answered with what they asked for.
async fn answered_2xx(server: &Posthouse) -> u64 {
    let metrics = server.api().get("/metrics").await.expect(200).text();
    let counts = metrics
        .lines()
        .filter(|line| {
            line.starts_with("posthouse_api_requests_total{") && line.contains("\"2xx\"")
        })
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

/// Fills the server and returns the configuration: the key, and ids of what is there, without which hardly a request would get past 404.
async fn settings(server: &Posthouse, receiver: &WebhookReceiver) -> String {
    let account = server.create_account("reader").await;
    fill(server, &account).await;
    let api = server.api();
    let below = |path: &str| format!("/v3/grants/{}{path}", account.id);
    let application = server.ready().application_id.clone();
    let with_file = api
        .get(&below("/messages?has_attachment=true&in=inbox"))
        .await;
    let message = &with_file.rows()[0];
    let made = async |path: &str, body: Value| {
        let answer = api.post(path, body).await.expect(200);
        answer.data()["id"].as_str().expect("an id").to_owned()
    };
    let first = async |path: &str, member: &str| {
        let listed = api.get(path).await.expect(200);
        listed.rows()[0][member].as_str().expect("an id").to_owned()
    };
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let hook = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("")});
    let uri = json!({"url": "https://app.example/callback"});
    let keys = format!("/v3/admin/applications/{application}/api-keys");
    let ids = [
        ("grant_id", account.id.clone()),
        ("message_id", text(&message["id"])),
        ("thread_id", text(&message["thread_id"])),
        ("attachment_id", text(&message["attachments"][0]["id"])),
        (
            "schedule_id",
            first(&below("/messages/schedules"), "schedule_id").await,
        ),
        (
            "folder_id",
            made(&below("/folders"), json!({"name": "Receipts/2026"})).await,
        ),
        (
            "contact_id",
            made(&below("/contacts"), json!({"given_name": "Bo"})).await,
        ),
        (
            "draft_id",
            made(&below("/drafts"), json!({"subject": "Half a thought"})).await,
        ),
        ("webhook_id", made("/v3/webhooks", hook).await),
        (
            "callback_uri_id",
            made("/v3/applications/redirect-uris", uri).await,
        ),
        ("api_key_id", made(&keys, json!({"name": "Another"})).await),
        (
            "workspace_id",
            first("/v3/workspaces", "workspace_id").await,
        ),
        ("domain_id", first("/v3/admin/domains", "id").await),
        ("queue_id", first("/v3/admin/queue", "id").await),
        ("application_id", application),
        ("provider", "nylas".to_owned()),
    ];
    let mut settings = format!(
        "[generation]\ndatabase = \"none\"\n[headers]\nAuthorization = \"Bearer {}\"\n[parameters]\n",
        server.ready().api_key
    );
    for (name, value) in ids {
        settings.push_str(&format!("\"path.{name}\" = \"{value}\"\n"));
    }
    // Nobody writes while a request waits.
    settings + "\"query.timeout\" = 1\n"
}

/// Mail that came from outside, with a file, mail that went there, and mail that waits for tomorrow.
async fn fill(server: &Posthouse, account: &Account) {
    let letter = Letter::to(&account.email)
        .subject("Order 42")
        .html("<p>Your code is 493817</p>")
        .file("invoice.pdf", "application/pdf", b"%PDF-1.7");
    server.deliver(&letter).await;
    server.wait_for_messages(account, 1).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let tomorrow = now.expect("a clock after 1970").as_secs() + 86_400;
    let path = format!("/v3/grants/{}/messages/send", account.id);
    let mut sent =
        json!({"to": [{"email": "bo@shop.example"}], "subject": "Thanks", "body": "<p>Thanks</p>"});
    server.api().post(&path, sent.clone()).await.expect(200);
    sent["send_at"] = tomorrow.into();
    server.api().post(&path, sent).await.expect(202);
}
