//! What accounts may send, receive and keep, with the real binary: exact whoever comes at once, and told in SMTP and HTTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use posthouse_tests::api::Api;
use posthouse_tests::database::Database;
use posthouse_tests::eventually_within;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

const CLIENTS: usize = 32;
const TRIES: usize = 5;
const QUOTA: usize = 100;
const DAY: u64 = 86_400;

/// Makes a policy for the default workspace.
async fn govern(api: &Api, limits: Value) {
    let policy = json!({"name": "Limits", "limits": limits});
    let id = api
        .post("/v3/policies", policy)
        .await
        .expect(200)
        .text_of("id");
    let workspaces = api.get("/v3/workspaces").await.expect(200).rows();
    let default = workspaces.iter().find(|row| row["default"] == true);
    let workspace = default.expect("a default one")["workspace_id"].clone();
    let path = format!("/v3/workspaces/{}", workspace.as_str().expect("an id"));
    api.patch(&path, json!({"policy_id": id})).await.expect(200);
}

fn seconds_to_midnight() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    DAY - now.expect("a clock after 1970").as_secs() % DAY
}

/// Sends at once or by way of a draft; tells whether it left.
async fn send(api: &Api, account: &Account, number: usize) -> bool {
    let grant = format!("/v3/grants/{}", account.id);
    let letter = json!({
        "to": [{"email": "buyer@shop.example"}], "subject": format!("Letter {number}"), "body": "Hello",
    });
    let answer = if number.is_multiple_of(2) {
        api.post(&format!("{grant}/messages/send"), letter).await
    } else {
        let drafts = format!("{grant}/drafts");
        let draft = api.post(&drafts, letter).await.expect(200).text_of("id");
        api.post(&format!("{drafts}/{draft}"), json!({})).await
    };
    if answer.status == 200 {
        return true;
    }
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    let refused = answer.expect(429);
    assert_eq!(refused.error_type(), "rate_limit_error");
    // The clock goes on between the two looks; nobody is told to wait for more than an hour.
    let left = seconds_to_midnight();
    let (least, most) = (left.min(3_600), (left + 120).min(3_600));
    assert!(
        (least..=most).contains(&wait) || left > DAY - 120,
        "{wait}, {left}"
    );
    false
}

async fn clients_against_a_quota(options: Options) {
    let server = Posthouse::start_with(options).await;
    let api = server.api();
    let account = server.create_account("agent").await;
    govern(&api, json!({"limit_count_daily_email_sent": QUOTA})).await;
    let clients = (0..CLIENTS).map(|client| {
        let (api, account) = (api.clone(), account.clone());
        tokio::spawn(async move {
            let mut left = 0;
            for number in 0..TRIES {
                left += usize::from(send(&api, &account, client + number).await);
            }
            left
        })
    });
    let mut left = 0;
    for client in clients.collect::<Vec<_>>() {
        left += client.await.expect("a client");
    }
    assert_eq!(left, QUOTA);
    let queue = api
        .get("/v3/admin/queue?limit=200")
        .await
        .expect(200)
        .rows();
    assert_eq!(queue.len(), QUOTA);
    let grant = format!("/v3/grants/{}?effective_policy=true", account.id);
    let shown = api.get(&grant).await.expect(200).data();
    assert_eq!(shown["effective_policy"]["used"]["sent_today"], QUOTA);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_clients_at_once_exactly_the_quota_leaves() {
    clients_against_a_quota(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_clients_at_once_exactly_the_quota_leaves_on_postgresql() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    clients_against_a_quota(options).await;
}

/// Asks for a recipient with a size, and returns the whole answer.
async fn ask(server: &Posthouse, account: &Account, size: u64) -> String {
    let mut smtp = server.smtp().await;
    smtp.command("EHLO client.example").await.expect(250);
    let mail = format!("MAIL FROM:<buyer@shop.example> SIZE={size}");
    smtp.command(&mail).await.expect(250);
    let reply = smtp.command(&format!("RCPT TO:<{}>", account.email)).await;
    format!("{} {}", reply.code, reply.lines.join(" "))
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_beyond_what_an_account_takes_is_refused_in_words_that_senders_understand() {
    let server = Posthouse::start().await;
    let api = server.api();
    let account = server.create_account("agent").await;
    govern(
        &api,
        json!({"limit_count_daily_message_received": 2, "limit_storage_total": 20_000, "limit_size_total_mime": 10_000}),
    )
    .await;
    assert!(
        ask(&server, &account, 10_001)
            .await
            .starts_with("552 5.3.4 ")
    );
    assert!(ask(&server, &account, 100).await.starts_with("250 "));
    let mut large = Letter::to(&account.email);
    large.text = "0123456789\n".repeat(1_000);
    let mut smtp = server.smtp().await;
    smtp.command("EHLO client.example").await.expect(250);
    let refused = smtp.send_letter(&large).await;
    assert_eq!(refused.code, 552, "{refused:?}");
    assert!(refused.lines[0].starts_with("5.3.4 "), "{refused:?}");
    large.text = "0123456789\n".repeat(750);
    server.deliver(&large).await.expect(250);
    let mut again = Letter::to(&account.email);
    again.text = "abcdefghij\n".repeat(750);
    server.deliver(&again).await.expect(250);
    server.wait_for_messages(&account, 2).await;
    let full = ask(&server, &account, 9_000).await;
    assert!(full.starts_with("452 4.2.2 "), "{full}");
    let used_up = ask(&server, &account, 10).await;
    assert!(used_up.starts_with("452 4.2.1 "), "{used_up}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_let_in_leave_a_note_and_mail_whose_time_is_up_is_told() {
    let place = tempfile::tempdir().expect("a directory");
    let clock = place.path().join("clock");
    std::fs::write(&clock, "0").expect("a clock to set");
    let variable = clock.to_str().expect("a plain path").to_owned();
    let server = Posthouse::start_with(Options {
        environment: vec![("POSTHOUSE_TEST_CLOCK".to_owned(), variable)],
        ..Options::default()
    })
    .await;
    let api = server.api();
    let account = server.create_account("agent").await;
    govern(
        &api,
        json!({"limit_attachment_allowed_types": ["application/pdf"],
            "limit_inbox_retention_period": 2, "limit_spam_retention_period": 1}),
    )
    .await;
    let receiver = WebhookReceiver::start().await;
    let hook = json!({"trigger_types": ["message.deleted"], "webhook_url": receiver.url("/hook")});
    api.post("/v3/webhooks", hook).await.expect(200);
    let mut letter = Letter::to(&account.email);
    letter.files = vec![
        (
            "plan.pdf".to_owned(),
            "application/pdf".to_owned(),
            b"%PDF-1.7".to_vec(),
        ),
        (
            "plan.drawing".to_owned(),
            "application/x-drawing".to_owned(),
            b"lines and circles".to_vec(),
        ),
    ];
    server.deliver(&letter).await.expect(250);
    let message = server.wait_for_messages(&account, 1).await.remove(0);
    let names: Vec<&Value> = message["attachments"]
        .as_array()
        .expect("attachments")
        .iter()
        .map(|file| &file["filename"])
        .collect();
    assert_eq!(names, ["plan.pdf", "removed-attachment.txt"]);
    let evaluations = format!("/v3/grants/{}/rule-evaluations", account.id);
    let told = api.get(&evaluations).await.expect(200).rows();
    assert_eq!(told[0]["applied_actions"]["attachments_dropped"], true);
    assert_eq!(
        told[0]["dropped_attachments"][0]["filename"],
        "plan.drawing"
    );
    assert_eq!(told[0]["dropped_attachments"][0]["reason"], "type");
    std::fs::write(&clock, (3 * DAY).to_string()).expect("a clock to set");
    let id = message["id"].as_str().expect("an id");
    let path = format!("/v3/grants/{}/messages/{id}", account.id);
    // Jobs look about once a minute.
    eventually_within(
        Duration::from_secs(150),
        "the message is gone",
        async || (api.get(&path).await.status == 404).then_some(()),
    )
    .await;
    let deleted = receiver.wait_for_type("message.deleted").await.json();
    assert_eq!(deleted["data"]["object"]["id"], message["id"]);
}
