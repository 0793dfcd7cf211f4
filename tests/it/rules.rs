//! Rules at every door of the real binary: what they refuse is refused in words, what they decided is on record, and what
//! cannot be decided stops.

use posthouse_tests::api::Api;
use posthouse_tests::database::Database;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::smtp::Reply;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

async fn rule(api: &Api, trigger: &str, conditions: Value, actions: Value) -> String {
    let body = json!({
        "name": "House rule", "trigger": trigger,
        "match": {"conditions": conditions}, "actions": actions,
    });
    api.post("/v3/rules", body).await.expect(201).text_of("id")
}

async fn attach(api: &Api, rules: &[&str]) {
    let workspaces = api.get("/v3/workspaces").await.expect(200).rows();
    let default = workspaces[0]["workspace_id"].as_str().expect("an id");
    let body = json!({"rule_ids": rules});
    api.patch(&format!("/v3/workspaces/{default}"), body)
        .await
        .expect(200);
}

async fn listed(api: &Api, kind: &str, items: &[&str]) -> String {
    let body = json!({"name": "Some", "type": kind});
    let id = api.post("/v3/lists", body).await.expect(201).text_of("id");
    let items = json!({"items": items});
    api.post(&format!("/v3/lists/{id}/items"), items)
        .await
        .expect(200);
    id
}

async fn evaluations(api: &Api, account: &Account) -> Vec<Value> {
    let path = format!("/v3/grants/{}/rule-evaluations", account.id);
    api.get(&path).await.expect(200).rows()
}

async fn messages(api: &Api, account: &Account, folder: &str) -> Vec<Value> {
    let path = format!("/v3/grants/{}/messages?in={folder}", account.id);
    api.get(&path).await.expect(200).rows()
}

async fn answer_at_rcpt(server: &Posthouse, from: &str, to: &str) -> Reply {
    let mut client = server.smtp().await;
    client.command("EHLO client.example").await.expect(250);
    client
        .command(&format!("MAIL FROM:<{from}>"))
        .await
        .expect(250);
    client.command(&format!("RCPT TO:<{to}>")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_refused_at_rcpt_and_after_its_data_and_moved_where_rules_say() {
    let server = Posthouse::start().await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let evil = listed(&api, "domain", &["@Evil.Example"]).await;
    let domain = |operator: &str, value: Value| json!([{"field": "from.domain", "operator": operator, "value": value}]);
    let at_door = rule(
        &api,
        "inbound",
        domain("in_list", json!([evil])),
        json!([{"type": "block"}]),
    )
    .await;
    let subject = |part: &str| json!([{"field": "subject", "operator": "contains", "value": part}]);
    let after_data = rule(
        &api,
        "inbound",
        subject("lottery"),
        json!([{"type": "block"}]),
    )
    .await;
    let moved = rule(
        &api,
        "inbound",
        subject("invoice"),
        json!([{"type": "archive"}, {"type": "mark_as_starred"}]),
    )
    .await;
    attach(&api, &[&at_door, &after_data, &moved]).await;

    let refused = answer_at_rcpt(&server, "a@evil.example", &agent.email).await;
    assert!(refused.expect(550).text().starts_with("5.7.1 "));
    answer_at_rcpt(&server, "a@sub.evil.example", &agent.email)
        .await
        .expect(250);
    let letter = Letter::to(&agent.email)
        .from("b@shop.example")
        .subject("You won the LOTTERY");
    let mut client = server.smtp().await;
    client.command("EHLO client.example").await.expect(250);
    let refused = client.send_letter(&letter).await.expect(550);
    assert!(refused.text().starts_with("5.7.1 "));
    let letter = Letter::to(&agent.email)
        .from("b@shop.example")
        .subject("Invoice 7");
    client.send_letter(&letter).await.expect(250);

    let archived = messages(&api, &agent, "archive").await;
    assert_eq!(archived.len(), 1);
    assert_eq!(archived[0]["starred"], true);
    assert!(messages(&api, &agent, "inbox").await.is_empty());
    let seen = evaluations(&api, &agent).await;
    let short: Vec<(&Value, &Value, &Value)> = seen
        .iter()
        .map(|one| {
            (
                &one["evaluation_stage"],
                &one["matched_rule_ids"],
                &one["message_id"],
            )
        })
        .collect();
    assert_eq!(
        short,
        [
            (
                &json!("inbox_processing"),
                &json!([moved]),
                &archived[0]["id"]
            ),
            (
                &json!("inbox_processing"),
                &json!([after_data]),
                &Value::Null
            ),
            (&json!("smtp_rcpt"), &json!([at_door]), &Value::Null),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_writes_to_whom_it_may_and_a_block_between_mailboxes_comes_back() {
    let server = Posthouse::start().await;
    let api = server.api();
    let receiver = WebhookReceiver::start().await;
    let agent = server.create_account("agent").await;
    let colleague = server.create_account("colleague").await;
    let hook = json!({"trigger_types": ["message.bounced"], "webhook_url": receiver.url("/hook")});
    api.post("/v3/webhooks", hook).await.expect(200);
    let known = listed(&api, "domain", &["agents.localhost", "ok.example"]).await;
    let stranger =
        json!([{"field": "recipient.domain", "operator": "not_in_list", "value": [known]}]);
    let outbound = rule(&api, "outbound", stranger, json!([{"type": "block"}])).await;
    let to_colleague =
        json!([{"field": "envelope.recipient", "operator": "is", "value": colleague.email}]);
    let inbound = rule(&api, "inbound", to_colleague, json!([{"type": "block"}])).await;
    attach(&api, &[&outbound, &inbound]).await;

    let send = format!("/v3/grants/{}/messages/send", agent.id);
    let letter = |to: &[&str]| {
        let to: Vec<Value> = to.iter().map(|email| json!({"email": email})).collect();
        json!({"to": to, "subject": "Hello", "body": "x"})
    };
    let refused = api
        .post(&send, letter(&["a@ok.example", "b@evil-ok.example"]))
        .await
        .expect(403);
    assert_eq!(refused.error_type(), "forbidden");
    assert_eq!(
        refused.error_message(),
        format!("Blocked by rule \"House rule\" ({outbound})")
    );
    api.post(&send, letter(&["a@OK.example"])).await.expect(200);
    // A draft is no way round.
    let drafts = format!("/v3/grants/{}/drafts", agent.id);
    let draft = api
        .post(&drafts, letter(&["b@evil.example"]))
        .await
        .expect(200)
        .text_of("id");
    let refused = api
        .post(&format!("{drafts}/{draft}"), json!({}))
        .await
        .expect(403);
    assert_eq!(refused.error_type(), "forbidden");

    api.post(&send, letter(&[&colleague.email]))
        .await
        .expect(200);
    let bounced = receiver
        .wait_for("the block to come back", |one| {
            one.json().to_string().contains("message.bounced")
        })
        .await
        .json()
        .to_string();
    assert!(bounced.contains("5.7.1"), "{bounced}");
    assert!(messages(&api, &colleague, "inbox").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_07_a_list_that_cannot_be_read_stops_mail_at_every_door_on_postgresql() {
    let Some(database) = Database::create().await else {
        return;
    };
    let url = database.url().to_owned();
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    let server = Posthouse::start_with(options).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let list = listed(&api, "domain", &["evil.example"]).await;
    let on_it = |field: &str| json!([{"field": field, "operator": "in_list", "value": [list]}]);
    let inbound = rule(
        &api,
        "inbound",
        on_it("from.domain"),
        json!([{"type": "archive"}]),
    )
    .await;
    let outbound = rule(
        &api,
        "outbound",
        on_it("recipient.domain"),
        json!([{"type": "block"}]),
    )
    .await;
    attach(&api, &[&inbound, &outbound]).await;
    let (store, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .expect("PostgreSQL");
    tokio::spawn(connection);
    let rename = async |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        store.batch_execute(&sql).await.expect("a renamed table");
    };
    rename("list_items", "lost").await;

    let mut client = server.smtp().await;
    client.command("EHLO client.example").await.expect(250);
    let letter = Letter::to(&agent.email)
        .from("b@shop.example")
        .subject("Hello");
    client.send_letter(&letter).await.expect(451);
    let send = format!("/v3/grants/{}/messages/send", agent.id);
    let body = json!({"to": [{"email": "a@ok.example"}], "subject": "Hello", "body": "x"});
    let refused = api.post(&send, body.clone()).await.expect(503);
    assert_eq!(refused.error_type(), "service_unavailable");
    assert_eq!(
        refused.error_message(),
        "outbound rules could not be evaluated, nothing was sent"
    );
    assert!(
        refused
            .header("retry-after")
            .parse::<u32>()
            .expect("seconds")
            >= 1
    );
    assert!(messages(&api, &agent, "inbox").await.is_empty());
    assert!(messages(&api, &agent, "sent").await.is_empty());
    assert!(
        api.get("/v3/admin/queue")
            .await
            .expect(200)
            .rows()
            .is_empty()
    );
    for one in evaluations(&api, &agent).await {
        assert_eq!(
            one["applied_actions"],
            json!({"blocked_by_evaluation_error": true})
        );
    }

    rename("lost", "list_items").await;
    client.send_letter(&letter).await.expect(250);
    api.post(&send, body).await.expect(200);
}
