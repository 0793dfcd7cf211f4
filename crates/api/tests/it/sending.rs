//! Sending through the router: what is taken, what is refused, and what becomes of it.

use base64::Engine;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::Answered;
use crate::office::{Office, with_key};

pub struct Agent {
    pub office: Office,
    pub grant: Value,
}

impl Agent {
    pub async fn open() -> Self {
        let office = Office::open().await;
        let grant = office.account("agent@agents.test").await;
        Self { office, grant }
    }

    pub fn path(&self, rest: &str) -> String {
        format!(
            "/v3/grants/{}{rest}",
            self.grant["id"].as_str().expect("an id")
        )
    }

    pub async fn send(&self, body: Value) -> Answered {
        self.office.post(&self.path("/messages/send"), body).await
    }

    pub async fn sent(&self, body: Value) -> Value {
        let answer = self.send(body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json);
        answer.json["data"].clone()
    }

    pub async fn refused(&self, body: Value) -> (u16, String, String) {
        let answer = self.send(body).await;
        let text = |name: &str| {
            answer.json["error"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        (answer.status.as_u16(), text("type"), text("message"))
    }

    pub async fn queue(&self) -> Vec<Value> {
        let rows = self.office.get("/v3/admin/queue").await;
        assert_eq!(rows.status, 200, "{:?}", rows.json);
        rows.json["data"].as_array().expect("a list").clone()
    }

    /// Returns the newest queued message as it goes on the wire.
    pub async fn wire(&self) -> String {
        let id = self.queue().await[0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let row = self.office.get(&format!("/v3/admin/queue/{id}")).await;
        assert_eq!(row.json["data"]["envelope_from"], "agent@agents.test");
        let raw = row.json["data"]["raw_mime"].as_str().expect("a source");
        let raw = base64::engine::general_purpose::URL_SAFE
            .decode(raw)
            .expect("base64url");
        String::from_utf8(raw).expect("we write UTF-8")
    }

    pub fn form(&self, query: &str, body: &str, key: Option<&str>) -> Request<Full<Bytes>> {
        let target = self.path(&format!("/messages/send{query}"));
        let mut request = with_key(&self.office.key, Method::POST, &target, None);
        let headers = request.headers_mut();
        let form = HeaderValue::from_static("multipart/form-data; boundary=\"b\"");
        headers.insert(header::CONTENT_TYPE, form);
        if let Some(key) = key {
            headers.insert(
                "idempotency-key",
                HeaderValue::from_str(key).expect("a plain key"),
            );
        }
        *request.body_mut() = Full::from(body.to_owned());
        request
    }

    pub fn json(&self, body: &Value, key: &str) -> Request<Full<Bytes>> {
        let target = self.path("/messages/send");
        let mut request = with_key(&self.office.key, Method::POST, &target, Some(body.clone()));
        let key = HeaderValue::from_str(key).expect("a plain key");
        request.headers_mut().insert("idempotency-key", key);
        request
    }
}

pub fn letter() -> Value {
    json!({"to": [{"email": "buyer@shop.example"}], "subject": "Quote", "body": "<p>Hello</p>"})
}

pub fn with(member: &str, value: Value) -> Value {
    let mut letter = letter();
    letter[member] = value;
    letter
}

#[tokio::test]
async fn the_answer_is_the_whole_message_and_what_only_sends_show() {
    let agent = Agent::open().await;
    let answer = agent.send(letter()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["grant_id"], agent.grant["id"]);
    let data = &answer.json["data"];
    assert_eq!(
        (
            &data["object"],
            &data["grant_id"],
            &data["subject"],
            &data["body"],
            &data["snippet"]
        ),
        (
            &json!("message"),
            &agent.grant["id"],
            &json!("Quote"),
            &json!("<p>Hello</p>"),
            &json!("Hello")
        )
    );
    assert_eq!(
        (
            &data["schedule_id"],
            &data["send_at"],
            &data["use_draft"],
            &data["reply_to_message_id"]
        ),
        (&json!(""), &Value::Null, &json!(false), &json!(""))
    );
    assert_eq!(
        data["to"],
        json!([{"name": "", "email": "buyer@shop.example"}])
    );
    let path = agent.path(&format!("/messages/{}", data["id"].as_str().unwrap()));
    let stored = agent.office.get(&path).await.json["data"].clone();
    for (member, value) in stored.as_object().unwrap() {
        assert_eq!(&data[member], value, "{member}");
    }
    let row = &agent.queue().await[0];
    assert_eq!(
        (
            &row["message_id"],
            &row["grant_id"],
            &row["recipient"],
            &row["state"],
            &row["attempts"]
        ),
        (
            &data["id"],
            &agent.grant["id"],
            &json!("buyer@shop.example"),
            &json!("queued"),
            &json!(0)
        )
    );
    let path = agent.path("/messages/send?fields=include_headers");
    let with_headers = agent.office.post(&path, letter()).await;
    let headers = with_headers.json["data"]["headers"].as_array().unwrap();
    assert!(
        headers
            .iter()
            .any(|header| header["name"] == "MIME-Version")
    );
    let wrong = agent
        .office
        .post(&agent.path("/messages/send?fields=raw_mime"), letter())
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn every_field_has_its_effect() {
    let agent = Agent::open().await;
    let data = agent
        .sent(json!({
            "from": {"name": "Sales", "email": "agent+sales@agents.test"},
            "to": [{"name": "Müller, Jörg", "email": "joerg@shop.example"}],
            "cc": [{"email": "cc@shop.example"}],
            "bcc": [{"email": "bcc@shop.example"}],
            "reply_to": [{"email": "answers@agents.test", "name": ""}],
            "subject": "Grüße",
            "body": "a < b\nline",
            "is_plaintext": true,
            "custom_headers": [{"name": "X-Campaign", "value": "frühling"}],
            "metadata": {"key1": "one"},
            "starred": true,
            "use_draft": true,
            "attachments": [{"filename": "ü.bin", "content_type": "application/x-y", "content": "-_8", "size": 99}],
        }))
        .await;
    assert_eq!(
        data["from"],
        json!([{"name": "Sales", "email": "agent+sales@agents.test"}])
    );
    assert_eq!(
        data["bcc"],
        json!([{"name": "", "email": "bcc@shop.example"}])
    );
    assert_eq!(
        (&data["starred"], &data["metadata"]),
        (&json!(true), &json!({"key1": "one"}))
    );
    assert_eq!(
        (
            &data["attachments"][0]["size"],
            &data["attachments"][0]["filename"]
        ),
        (&json!(2), &json!("ü.bin"))
    );
    assert_eq!(data["use_draft"], false);
    let rows = agent.queue().await;
    assert_eq!(rows.len(), 3);
    let id = rows[0]["id"].as_str().unwrap();
    let row = agent.office.get(&format!("/v3/admin/queue/{id}")).await;
    let raw = base64::engine::general_purpose::URL_SAFE
        .decode(row.json["data"]["raw_mime"].as_str().unwrap())
        .unwrap();
    let raw = String::from_utf8(raw).unwrap();
    assert!(!raw.to_lowercase().contains("bcc"), "{raw}");
    assert!(
        raw.contains("\r\nReply-To: answers@agents.test\r\n") && !raw.contains("text/html"),
        "{raw}"
    );
    let found = agent
        .office
        .get(&agent.path("/messages?metadata_pair=key1:one&in=sent"))
        .await;
    assert_eq!(found.json["data"][0]["id"], data["id"]);
}

#[tokio::test]
async fn smtp_08_no_field_can_bring_a_line_into_the_header() {
    let agent = Agent::open().await;
    for break_ in ["\r\nBcc: x@y.example", "\n", "\r", "\u{0}"] {
        let text = format!("a{break_}b");
        for body in [
            with("subject", json!(text)),
            with("to", json!([{"name": text, "email": "a@shop.example"}])),
            with("to", json!([{"email": format!("a@shop.example{break_}")}])),
            with(
                "from",
                json!([{"name": text, "email": "agent@agents.test"}]),
            ),
            with(
                "reply_to",
                json!([{"name": text, "email": "a@shop.example"}]),
            ),
            with("custom_headers", json!([{"name": "X-A", "value": text}])),
            with("custom_headers", json!([{"name": text, "value": "x"}])),
            with("attachments", json!([{"filename": text, "content": ""}])),
            with(
                "attachments",
                json!([{"filename": "x", "content": "", "content_id": text}]),
            ),
        ] {
            let (status, kind, message) = agent.refused(body.clone()).await;
            assert_eq!(
                (status, kind.as_str()),
                (400, "invalid_request_error"),
                "{body}: {message}"
            );
        }
    }
    assert!(agent.queue().await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_field() {
    let agent = Agent::open().await;
    let many: Vec<Value> = (0..51)
        .map(|n| json!({"email": format!("a{n}@shop.example")}))
        .collect();
    for (body, status, kind, part) in [
        (
            json!({}),
            400,
            "invalid_request_error",
            "'to' must contain at least one recipient",
        ),
        (
            with("to", json!([{"name": "x"}])),
            400,
            "invalid_request_error",
            "to[0].email: required",
        ),
        (
            with("to", json!("buyer@shop.example")),
            400,
            "invalid_request_error",
            "to: expected an array",
        ),
        (
            with("to", json!(many)),
            400,
            "invalid_request_error",
            "at most 50 recipients",
        ),
        (
            with("from", json!([{"email": "other@agents.test"}])),
            400,
            "invalid_request_error",
            "from[0].email: not an address of this account",
        ),
        (
            with(
                "from",
                json!([{"email": "a@b.example"}, {"email": "a@b.example"}]),
            ),
            400,
            "invalid_request_error",
            "from: expected exactly one",
        ),
        (
            with("reply_to_message_id", json!("nonsense")),
            400,
            "invalid_request_error",
            "reply_to_message_id",
        ),
        (
            with(
                "custom_headers",
                json!([{"name": "Content-Type", "value": "x"}]),
            ),
            400,
            "invalid_request_error",
            "Content-Type cannot be set",
        ),
        (
            with("attachments", json!([{"filename": "x", "content": "%"}])),
            400,
            "invalid_request_error",
            "attachments[0].content: expected base64",
        ),
        (
            with("metadata", json!({"key1": 1})),
            400,
            "invalid_request_error",
            "metadata",
        ),
        (
            with("tracking_options", json!({"domain_name": "t.example"})),
            400,
            "invalid_request_error",
            "tracking_options.domain_name",
        ),
        (
            with("template", json!({"id": "t"})),
            400,
            "not_supported",
            "templates",
        ),
        (
            with("signature_id", json!("s")),
            400,
            "not_supported",
            "signatures",
        ),
        (
            with("send_at", json!(1_600_000_000)),
            400,
            "invalid_request_error",
            "send_at",
        ),
    ] {
        let (got, got_kind, message) = agent.refused(body.clone()).await;
        assert_eq!(
            (got, got_kind.as_str()),
            (status, kind),
            "{body}: {message}"
        );
        assert!(message.contains(part), "{message}");
    }
    let tracked = agent
        .send(with(
            "tracking_options",
            json!({"opens": true, "label": "x"}),
        ))
        .await;
    assert_eq!(tracked.status, 200);
    let warnings = tracked.json["warnings"].to_string();
    assert!(warnings.contains("nothing is counted: opens"), "{warnings}");
    assert_eq!(agent.queue().await.len(), 1);
}

#[tokio::test]
async fn what_has_no_effect_is_held_to_its_type_and_what_is_unknown_is_named_with_its_place() {
    let agent = Agent::open().await;
    let file = |member: &str, value: Value| {
        let mut file = json!({"filename": "a.txt", "content": "YQ=="});
        file[member] = value;
        with("attachments", json!([file]))
    };
    for (body, field) in [
        (file("size", json!("x")), "attachments[0].size"),
        (
            file("content_disposition", json!("bogus")),
            "attachments[0].content_disposition",
        ),
        (
            file("content_disposition", json!("inlined")),
            "attachments[0].content_disposition",
        ),
        (with("use_draft", json!("x")), "use_draft"),
        (with("signature_id", json!([])), "signature_id"),
        (with("signature_id", json!(5)), "signature_id"),
        (with("template", json!("x")), "template"),
    ] {
        let answer = agent.send(body.clone()).await;
        assert_eq!(answer.error().0, 400, "{body}");
        assert_eq!(answer.json["error"]["type"], "invalid_request_error");
        assert_eq!(answer.json["error"]["field"], field, "{body}");
    }
    assert!(agent.queue().await.is_empty());

    for (disposition, shown) in [
        ("Inline; filename=a.txt", "inline"),
        ("ATTACHMENT; filename=\"a.txt\"", "attachment"),
        ("", "attachment"),
    ] {
        let sent = agent
            .sent(file("content_disposition", json!(disposition)))
            .await;
        let of_file = &sent["attachments"][0]["content_disposition"];
        let of_file = of_file.as_str().expect("a disposition");
        assert_eq!(of_file.split(';').next(), Some(shown), "{disposition}");
    }
    let mut odd = file("foo", json!(1));
    odd["to"][0]["vip"] = json!(true);
    odd["custom_headers"] = json!([{"name": "X-A", "value": "a", "fold": true}]);
    odd["colour"] = json!("red");
    let answer = agent.send(odd.clone()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    let named = [
        "to[0].vip",
        "custom_headers[0].fold",
        "attachments[0].foo",
        "colour",
    ];
    let named = named.map(|path| format!("unknown field ignored: {path}"));
    assert_eq!(answer.json["warnings"], json!(named));
    let draft = agent.office.post(&agent.path("/drafts"), odd).await;
    assert_eq!(draft.json["warnings"], json!(named));
}

#[tokio::test]
async fn an_application_sees_its_own_queue_only_and_operators_alone_see_it() {
    let agent = Agent::open().await;
    agent.sent(letter()).await;
    let id = agent.queue().await[0]["id"].as_str().unwrap().to_owned();
    let made = agent
        .office
        .post("/v3/applications", json!({"name": "Other"}))
        .await;
    let other = made.json["data"]["application_id"].as_str().unwrap();
    let operator = agent
        .office
        .make_key(other, json!({"name": "x", "admin": true}))
        .await;
    let plain = agent.office.other_key().await;
    for (key, list, one) in [(&operator, 200, 404), (&plain, 403, 403)] {
        let listed = agent
            .office
            .call(key, Method::GET, "/v3/admin/queue", None)
            .await;
        assert_eq!(listed.status, list, "{:?}", listed.json);
        if list == 200 {
            assert_eq!(listed.json["data"], json!([]));
        }
        let target = format!("/v3/admin/queue/{id}");
        assert_eq!(
            agent
                .office
                .call(key, Method::GET, &target, None)
                .await
                .status,
            one
        );
    }
    for (filter, count) in [
        ("state=queued", 1),
        ("state=captured", 0),
        ("domain=SHOP.example", 1),
        ("domain=other.example", 0),
        ("grant_id=nonsense", 0),
    ] {
        let found = agent.office.get(&format!("/v3/admin/queue?{filter}")).await;
        assert_eq!(
            found.json["data"].as_array().map(Vec::len),
            Some(count),
            "{filter}"
        );
    }
    assert_eq!(
        agent.office.get("/v3/admin/queue?state=lost").await.status,
        400
    );
}
