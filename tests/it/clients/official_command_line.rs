//! The requests that the official command line makes, in its order, with its headers. Each test is named after its row in the client contract.

use posthouse_tests::api::{Answer, Api, Request};
use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::{ChallengeReply, WebhookReceiver};
use serde_json::{Value, json};

/// Sends as that program does: its name, gzip accepted, a content type only with a body.
async fn send(api: &Api, method: &str, path: &str, body: Option<Value>) -> Answer {
    let mut headers = vec![("user-agent", "nylas-cli/3.1.0")];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    let body = body.map(|body| body.to_string().into_bytes());
    api.send(Request {
        method,
        path,
        headers: &headers,
        body,
    })
    .await
}

#[tokio::test]
async fn c_01_an_empty_body_with_a_json_content_type_is_taken_where_nothing_is_needed() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let body = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
    let created = server.api().post("/v3/webhooks", body).await.expect(200);
    let path = format!("/v3/webhooks/rotate-secret/{}", created.text_of("id"));
    let headers = [("content-type", "application/json")];
    let rotate = Request {
        method: "POST",
        path: &path,
        headers: &headers,
        body: Some(Vec::new()),
    };
    let rotated = server.api().send(rotate).await.expect(200);
    assert_ne!(
        rotated.text_of("webhook_secret"),
        created.text_of("webhook_secret")
    );
}

#[tokio::test]
async fn c_20_init_registers_its_callback_and_lists_grants() {
    let server = Posthouse::start().await;
    let api = server.api();
    for _ in 0..2 {
        assert!(
            !send(&api, "GET", "/v3/applications", None)
                .await
                .expect(200)
                .text_of("application_id")
                .is_empty()
        );
    }
    let uris = "/v3/applications/callback-uris";
    assert_eq!(
        send(&api, "GET", uris, None).await.expect(200).rows().len(),
        0
    );
    let body = json!({"url": "http://localhost:9007/callback", "platform": "web"});
    let created = send(&api, "POST", uris, Some(body.clone()))
        .await
        .expect(200)
        .data();
    assert_eq!(
        (&created["url"], &created["platform"]),
        (&body["url"], &body["platform"])
    );
    let again = send(&api, "POST", uris, Some(body))
        .await
        .expect(200)
        .data();
    assert_eq!(again["id"], created["id"]);
    assert_eq!(
        send(&api, "GET", "/v3/applications/redirect-uris", None)
            .await
            .expect(200)
            .rows()
            .len(),
        1
    );
    assert_eq!(
        send(&api, "GET", "/v3/grants?limit=200", None)
            .await
            .expect(200)
            .rows()
            .len(),
        0
    );
}

#[tokio::test]
async fn c_21_doctor_asks_the_root_without_a_key() {
    let server = Posthouse::start().await;
    let answer = server.api().without_key().get("/v3/").await;
    assert!(
        [200, 401, 404].contains(&answer.status),
        "{}",
        answer.status
    );
}

#[tokio::test]
async fn c_22_account_create_looks_for_the_connector_first() {
    let server = Posthouse::start().await;
    let api = server.api();
    let connectors = send(&api, "GET", "/v3/connectors", None)
        .await
        .expect(200)
        .rows();
    assert!(
        connectors
            .iter()
            .any(|connector| connector["provider"] == "nylas")
    );
    let body = json!({"name": "nylas", "provider": "nylas"});
    send(&api, "POST", "/v3/connectors", Some(body))
        .await
        .expect(201);
    let body = json!({
        "provider": "nylas",
        "settings": {"email": "agent@agents.localhost", "app_password": "MySecureP4ssword!2024"},
        "name": "Agent"
    });
    let created = send(&api, "POST", "/v3/connect/custom", Some(body))
        .await
        .expect(201)
        .data();
    assert_eq!(created["provider"], "nylas");
}

#[tokio::test]
async fn c_23_an_unknown_domain_is_told_in_the_words_that_give_the_friendly_hint() {
    let server = Posthouse::start().await;
    for email in ["agent@nowhere.example", "agent@nylas.email"] {
        let body = json!({"provider": "nylas", "settings": {"email": email}});
        let answer = send(&server.api(), "POST", "/v3/connect/custom", Some(body))
            .await
            .expect(404);
        assert!(answer.error_message().contains("Domain not found"));
    }
}

#[tokio::test]
async fn c_25_account_list_takes_a_short_page_for_the_last() {
    let server = Posthouse::start().await;
    for number in 0..3 {
        server.create_account(&format!("agent{number}")).await;
    }
    let rows = send(&server.api(), "GET", "/v3/grants?limit=200", None)
        .await
        .expect(200)
        .rows();
    assert_eq!(rows.len(), 3);
    for grant in rows {
        let workspace = grant["workspace_id"].as_str().unwrap_or_default();
        assert!(!workspace.is_empty(), "{grant}");
        let found = send(
            &server.api(),
            "GET",
            &format!("/v3/workspaces/{workspace}"),
            None,
        )
        .await
        .expect(200)
        .data();
        assert_eq!(found["workspace_id"], workspace);
        assert_eq!(found["policy_id"], Value::Null);
    }
}

#[tokio::test]
async fn c_27_account_update_sends_the_address_along_and_keeps_the_workspace() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}", account.id);
    let before = send(&server.api(), "GET", &path, None)
        .await
        .expect(200)
        .data();
    let body = json!({"name": "Renamed", "settings": {"email": account.email, "app_password": "MySecureP4ssword!2024"}});
    let after = send(&server.api(), "PATCH", &path, Some(body))
        .await
        .expect(200)
        .data();
    assert_eq!(after["workspace_id"], before["workspace_id"]);
    assert_eq!(after["name"], "Renamed");
}

#[tokio::test]
async fn c_28_account_move_assigns_by_hand() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let body = json!({"name": "Second"});
    let workspace = send(&server.api(), "POST", "/v3/workspaces", Some(body))
        .await
        .expect(200)
        .text_of("workspace_id");
    let path = format!("/v3/workspaces/{workspace}/manual-assign");
    let body = json!({"assign_grants": [account.id]});
    let moved = send(&server.api(), "POST", &path, Some(body))
        .await
        .expect(200)
        .data();
    assert_eq!(moved["grants_assigned"], json!([account.id]));
    let grant = send(
        &server.api(),
        "GET",
        &format!("/v3/grants/{}", account.id),
        None,
    )
    .await
    .expect(200)
    .data();
    assert_eq!(grant["workspace_id"], workspace.as_str());
}

#[tokio::test]
async fn c_38_providers_and_grants_are_listed_for_sign_in_commands() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    send(&server.api(), "GET", "/v3/grants?limit=200", None)
        .await
        .expect(200);
    send(
        &server.api(),
        "GET",
        &format!("/v3/grants/{}", account.id),
        None,
    )
    .await
    .expect(200);
    send(&server.api(), "GET", "/v3/connectors", None)
        .await
        .expect(200);
    send(
        &server.api(),
        "DELETE",
        &format!("/v3/grants/{}", account.id),
        None,
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn c_54_webhooks_are_made_paused_rotated_and_removed() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let body = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook"), "description": "d"});
    let created = send(&server.api(), "POST", "/v3/webhooks", Some(body))
        .await
        .expect(200);
    let path = format!("/v3/webhooks/{}", created.text_of("id"));
    let paused = send(
        &server.api(),
        "PUT",
        &path,
        Some(json!({"status": "inactive"})),
    )
    .await
    .expect(200)
    .data();
    assert_eq!(
        (&paused["status"], &paused["description"]),
        (&json!("pause"), &json!("d"))
    );
    let account = server.create_account("agent").await;
    server
        .deliver(&Letter::to(&account.email).subject("while paused"))
        .await;
    let active = send(
        &server.api(),
        "PUT",
        &path,
        Some(json!({"status": "active"})),
    )
    .await
    .expect(200)
    .data();
    assert_eq!(active["status"], "active");
    assert_eq!(
        receiver.challenges().len(),
        2,
        "being active again takes a challenge"
    );
    server
        .deliver(&Letter::to(&account.email).subject("while active"))
        .await;
    receiver.wait_for_type("message.created").await;
    for notification in receiver.notifications() {
        assert_eq!(
            notification.json()["data"]["object"]["subject"],
            "while active"
        );
    }
    let deleted = send(&server.api(), "DELETE", &path, None)
        .await
        .expect(200)
        .json();
    assert_eq!(deleted["data"]["status"], "success");
}

#[tokio::test]
async fn c_55_a_failing_url_is_told_by_the_type_that_makes_the_client_try_again() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    receiver.reply_to_challenges(ChallengeReply::NotFound);
    let body = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
    let answer = send(&server.api(), "POST", "/v3/webhooks", Some(body))
        .await
        .expect(400);
    assert_eq!(answer.error_type(), "70005");
}
