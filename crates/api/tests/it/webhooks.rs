//! The routes of webhooks: shapes, the secret that is shown twice at most, both spellings of the rotation.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Method;
use posthouse_net::guard::GuardPolicy;
use posthouse_net::http::GuardedClient;
use posthouse_net::resolver::{Answer, Resolve, ResolveError};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;

use crate::office::Office;

/// Knows no name; these tests call addresses.
struct Nameless;

impl Resolve for Nameless {
    fn lookup<'a>(&'a self, _: &'a str) -> Answer<'a> {
        Box::pin(async { Err(ResolveError::NotFound) })
    }
}

/// Opens an office that may call loopback.
async fn office() -> Office {
    let office = Office::open().await;
    let client = GuardedClient::new(GuardPolicy {
        allow: Vec::new(),
        allow_loopback_http: true,
        extra_roots: Vec::new(),
        resolver: Arc::new(Nameless),
    });
    let outbound: IpAddr = "192.0.2.1".parse().unwrap();
    office.door.mailroom.reach_out_with(client, vec![outbound]);
    office
}

/// Starts a receiver that answers every challenge, and 418 to anything else; it ends with the test's runtime.
async fn agreeing_receiver() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer_one(BufStream::new(stream)));
        }
    });
    address
}

async fn answer_one(mut stream: BufStream<tokio::net::TcpStream>) -> Option<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let value = head
        .split(' ')
        .nth(1)?
        .split_once("challenge=")
        .map(|(_, value)| value);
    let (status, body) = value.map_or((418, ""), |value| (200, value));
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn make(office: &Office, path: &str) -> Value {
    let receiver = agreeing_receiver().await;
    let body = json!({
        "trigger_types": ["message.created", "grant.deleted"],
        "webhook_url": format!("http://{receiver}{path}"),
        "colour": "red",
    });
    let made = office.post("/v3/webhooks", body).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    assert_eq!(
        made.json["warnings"],
        json!(["unknown field ignored: colour"])
    );
    made.json["data"].clone()
}

#[tokio::test]
async fn a_webhook_is_shown_whole_and_its_secret_only_when_it_is_made() {
    let office = office().await;
    let made = make(&office, "/hook").await;
    assert_eq!(made["webhook_secret"].as_str().map(str::len), Some(64));
    assert_eq!(made["status"], "active");
    assert_eq!(
        made["trigger_types"],
        json!(["message.created", "grant.deleted"])
    );
    assert_eq!(made["notification_email_addresses"], json!([]));
    let scope = json!({"type": "application", "id": office.application_id});
    assert_eq!(made["scope"], scope);
    for time in ["status_updated_at", "created_at", "updated_at"] {
        assert!(made[time].is_i64(), "{time}");
    }
    let mut without_secret = made.clone();
    without_secret
        .as_object_mut()
        .unwrap()
        .shift_remove("webhook_secret");
    let target = format!("/v3/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(office.get(&target).await.json["data"], without_secret);
    assert_eq!(
        office.get("/v3/webhooks").await.json["data"],
        json!([without_secret])
    );

    let body = json!({"status": "inactive", "description": "new", "trigger_types": []});
    let changed = office
        .call(&office.key, Method::PUT, &target, Some(body))
        .await;
    let changed = &changed.json["data"];
    assert_eq!(
        (&changed["status"], &changed["description"]),
        (&json!("pause"), &json!("new"))
    );
    assert_eq!(changed["trigger_types"], made["trigger_types"]);
    assert!(changed.get("webhook_secret").is_none());

    let deleted = office.delete(&target).await;
    assert_eq!(deleted.json["data"], json!({"status": "success"}));
    assert_eq!(office.get(&target).await.error().0, 404);
}

#[tokio::test]
async fn both_spellings_rotate_the_secret() {
    let office = office().await;
    let made = make(&office, "/hook").await;
    let id = made["id"].as_str().unwrap();
    let mut secrets = vec![made["webhook_secret"].to_string()];
    for (method, target) in [
        (Method::POST, format!("/v3/webhooks/rotate-secret/{id}")),
        (Method::PUT, format!("/v3/webhooks/{id}/rotate-secret")),
    ] {
        let rotated = office.call(&office.key, method, &target, None).await;
        assert_eq!(rotated.status, 200, "{:?}", rotated.json);
        assert_eq!(rotated.json["data"]["id"], id);
        secrets.push(rotated.json["data"]["webhook_secret"].to_string());
    }
    secrets.sort_unstable();
    secrets.dedup();
    assert_eq!(secrets.len(), 3);
}

#[tokio::test]
async fn a_failed_challenge_and_a_wrong_field_have_their_documented_errors() {
    let office = office().await;
    let with_url = |url: &str| json!({"trigger_types": ["message.created"], "webhook_url": url});
    let refused = office
        .post("/v3/webhooks", with_url("http://127.0.0.1:1/nobody"))
        .await;
    let (status, kind, message) = refused.error();
    assert_eq!((status, kind), (400, "70005"));
    assert!(message.starts_with("verify webhook URL"), "{message}");
    let refused = office
        .post(
            "/v3/webhooks",
            json!({"webhook_url": "https://hooks.example/"}),
        )
        .await;
    assert_eq!(
        refused.error(),
        (400, "invalid_request_error", "trigger_types: required")
    );
    let refused = office.post("/v3/webhooks", with_url("hooks.example")).await;
    assert_eq!(
        (refused.error().0, refused.error().1),
        (400, "invalid_request_error")
    );
    assert_eq!(office.get("/v3/webhooks").await.json["data"], json!([]));
}

#[tokio::test]
async fn samples_addresses_and_test_events_are_answered() {
    let office = office().await;
    let sample = office.post("/v3/webhooks/mock-payload", json!({})).await;
    let envelope = &sample.json["data"];
    assert_eq!(envelope["type"], "message.created");
    assert_eq!(
        envelope["data"]["application_id"],
        office.application_id.as_str()
    );
    let body = json!({"trigger_type": "message.bounced"});
    let sample = office.post("/v3/webhooks/mock-payload", body).await;
    assert_eq!(
        sample.json["data"]["data"]["object"]["bounce"]["type"],
        "General"
    );
    let body = json!({"trigger_type": "booking.created"});
    assert_eq!(
        office
            .post("/v3/webhooks/mock-payload", body)
            .await
            .error()
            .0,
        400
    );

    let addresses = office.get("/v3/webhooks/ip-addresses").await;
    assert_eq!(addresses.json["data"]["ip_addresses"], json!(["192.0.2.1"]));
    assert!(addresses.json["data"]["updated_at"].is_i64());

    let receiver = agreeing_receiver().await;
    let body = |query: &str| json!({"webhook_url": format!("http://{receiver}/hook{query}")});
    let sent = office
        .post("/v3/webhooks/send-test-event", body("?challenge=any"))
        .await;
    assert_eq!(sent.json["data"], "success");
    let refused = office.post("/v3/webhooks/send-test-event", body("")).await;
    assert!(refused.error().2.contains("418"), "{:?}", refused.json);
}
