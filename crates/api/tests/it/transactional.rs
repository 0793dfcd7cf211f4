//! A domain sends without an account: whose it is, who may ask, and what becomes of it.

use base64::Engine;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::Answered;
use crate::office::{Office, with_key};

/// One label below the trial base: verified at once.
const DOMAIN: &str = "shop.agents.test";

struct Sender {
    office: Office,
}

impl Sender {
    async fn open() -> Self {
        let sender = Self {
            office: Office::open().await,
        };
        sender.register(DOMAIN).await;
        sender
    }

    async fn register(&self, address: &str) {
        let domain = json!({
            "name": address,
            "domain_address": address,
            "application_id": self.office.application_id,
        });
        let made = self.office.post("/v3/admin/domains", domain).await;
        assert_eq!(made.status, 200, "{:?}", made.json);
    }

    async fn send(&self, body: Value) -> Answered {
        self.office.post(&path(DOMAIN), body).await
    }

    async fn queue(&self) -> Vec<Value> {
        let rows = self.office.get("/v3/admin/queue").await;
        assert_eq!(rows.status, 200, "{:?}", rows.json);
        rows.json["data"].as_array().expect("a list").clone()
    }
}

fn path(domain: &str) -> String {
    format!("/v3/domains/{domain}/messages/send")
}

fn letter() -> Value {
    json!({
        "from": {"name": "Shop", "email": format!("orders@{DOMAIN}")},
        "to": [{"email": "buyer@home.example"}],
        "bcc": [{"email": "hidden@home.example"}],
        "subject": "Receipt",
        "body": "<p>Thank you</p>",
        "metadata": {"key1": "42"},
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut letter = letter();
    letter[member] = value;
    letter
}

#[tokio::test]
async fn the_message_is_queued_and_in_no_mailbox() {
    let sender = Sender::open().await;
    let answer = sender.send(letter()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    let data = &answer.json["data"];
    for (member, value) in [
        ("object", json!("message")),
        ("grant_id", json!("")),
        ("thread_id", json!("")),
        ("folders", json!([])),
        ("subject", json!("Receipt")),
        ("body", json!("<p>Thank you</p>")),
        (
            "from",
            json!([{"name": "Shop", "email": format!("orders@{DOMAIN}")}]),
        ),
        ("bcc", json!([{"name": "", "email": "hidden@home.example"}])),
        ("metadata", json!({"key1": "42"})),
        ("schedule_id", json!("")),
    ] {
        assert_eq!(data[member], value, "{member}");
    }
    assert_eq!(answer.json["grant_id"], "");
    let queue = sender.queue().await;
    assert_eq!(queue.len(), 2);
    for row in &queue {
        assert_eq!(
            (&row["grant_id"], &row["message_id"]),
            (&json!(""), &data["id"])
        );
        let id = row["id"].as_str().expect("an id");
        let one = sender.office.get(&format!("/v3/admin/queue/{id}")).await;
        assert_eq!(
            one.json["data"]["envelope_from"],
            format!("orders@{DOMAIN}")
        );
        let raw = one.json["data"]["raw_mime"].as_str().expect("a source");
        let raw = base64::engine::general_purpose::URL_SAFE
            .decode(raw)
            .expect("base64url");
        let raw = String::from_utf8(raw).expect("we write UTF-8");
        assert!(
            raw.contains("Subject: Receipt") && !raw.contains("hidden"),
            "{raw}"
        );
    }
}

#[tokio::test]
async fn smtp_13_only_addresses_on_the_domain_are_authors() {
    let sender = Sender::open().await;
    for from in [
        Value::Null,
        json!({"email": "orders@else.example"}),
        json!({"email": "orders@agents.test"}),
        json!({"email": format!("orders@sub.{DOMAIN}")}),
        json!([{"email": format!("a@{DOMAIN}")}, {"email": format!("b@{DOMAIN}")}]),
        json!({"email": "no address"}),
    ] {
        let answer = sender.send(with("from", from.clone())).await;
        assert_eq!(answer.status, 400, "{from}: {:?}", answer.json);
        assert_eq!(answer.json["error"]["type"], "invalid_request_error");
        let field = answer.json["error"]["field"].as_str().expect("a field");
        assert!(field.starts_with("from"), "{from}: {field}");
    }
    let upper = json!([{"email": format!("Orders@{}", DOMAIN.to_uppercase())}]);
    assert_eq!(sender.send(with("from", upper)).await.status, 200);
    assert_eq!(sender.queue().await.len(), 2);
}

#[tokio::test]
async fn what_only_an_account_has_is_refused_or_warned_of() {
    let sender = Sender::open().await;
    let later = sender.send(with("send_at", json!(4_000_000_000_i64))).await;
    assert_eq!(
        (later.status.as_u16(), &later.json["error"]["type"]),
        (400, &json!("not_supported"))
    );
    let id = "0190f3b1-7a10-7c00-9d11-52f0a1b2c3d4";
    let reply = sender.send(with("reply_to_message_id", json!(id))).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json["error"]["field"]),
        (400, &json!("reply_to_message_id"))
    );
    let tracked = with(
        "tracking_options",
        json!({"thread_replies": true, "opens": true}),
    );
    let tracked = sender.send(tracked).await;
    assert_eq!(tracked.status, 200);
    assert_eq!(tracked.json["warnings"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_domain_must_be_the_applications_own_and_verified() {
    let sender = Sender::open().await;
    let office = &sender.office;
    sender.register("unverified.example").await;
    let mut own = letter();
    own["from"] = json!({"email": "a@unverified.example"});
    let refused = office.post(&path("unverified.example"), own).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json["error"]["type"]),
        (400, &json!("domain_not_verified"))
    );
    // The trial base is every application's, so nobody sends as it.
    for unknown in ["agents.test", "nowhere.example", "x"] {
        let answer = office.post(&path(unknown), letter()).await;
        assert_eq!(answer.status, 404, "{unknown}: {:?}", answer.json);
    }
    let stranger = office.other_key().await;
    let foreign = office
        .call(&stranger, Method::POST, &path(DOMAIN), Some(letter()))
        .await;
    assert_eq!(foreign.status, 404);
    let grant = office.account("agent@agents.test").await;
    for (body, status) in [
        (
            json!({"name": "one", "scope": {"type": "grant", "id": grant["id"]}}),
            404,
        ),
        (json!({"name": "reader", "read_only": true}), 403),
        (json!({"name": "writer"}), 200),
    ] {
        let key = office.make_key(&office.application_id, body.clone()).await;
        let answer = office
            .call(&key, Method::POST, &path(DOMAIN), Some(letter()))
            .await;
        assert_eq!(answer.status, status, "{body}: {:?}", answer.json);
    }
}

#[tokio::test]
async fn a_repeated_request_of_an_application_sends_once() {
    let sender = Sender::open().await;
    let request = |body: &Value| {
        let mut request = with_key(
            &sender.office.key,
            Method::POST,
            &path(DOMAIN),
            Some(body.clone()),
        );
        let key = HeaderValue::from_static("once");
        request.headers_mut().insert("idempotency-key", key);
        request
    };
    let door = &sender.office.door;
    let first = door.send(request(&letter())).await;
    let second = door.send(request(&letter())).await;
    assert_eq!((first.status.as_u16(), &first.json), (200, &second.json));
    assert_eq!(sender.queue().await.len(), 2);
    let other = door.send(request(&with("subject", json!("Another")))).await;
    assert_eq!(other.status, 409);
}

#[tokio::test]
async fn forms_and_finished_sources_are_taken_as_well() {
    let sender = Sender::open().await;
    let form = async |query: &str, body: String| {
        let target = format!("{}{query}", path(DOMAIN));
        let mut request = with_key(&sender.office.key, Method::POST, &target, None);
        let form = HeaderValue::from_static("multipart/form-data; boundary=\"b\"");
        request.headers_mut().insert(header::CONTENT_TYPE, form);
        *request.body_mut() = Full::from(body);
        sender.office.door.send(request).await
    };
    let parts = format!(
        "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file0\"; filename=\"a.txt\"\r\n\
         Content-Type: text/plain\r\n\r\nattached\r\n--b--\r\n",
        letter()
    );
    let answer = form("", parts).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    assert_eq!(answer.json["data"]["attachments"][0]["filename"], "a.txt");
    let source = |from: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"mime\"\r\n\r\n\
             From: <{from}>\r\nTo: buyer@home.example\r\nSubject: Raw\r\n\r\nbody\r\n\r\n--b--\r\n"
        )
    };
    let raw = form("?type=mime", source(&format!("raw@{DOMAIN}"))).await;
    assert_eq!(
        (raw.status.as_u16(), &raw.json["data"]["subject"]),
        (200, &json!("Raw"))
    );
    let foreign = form("?type=mime", source("raw@else.example")).await;
    assert_eq!(foreign.status, 400);
}
