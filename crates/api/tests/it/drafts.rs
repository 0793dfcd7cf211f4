//! Drafts through the router: made, changed and sent as every client does it.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::Answered;
use crate::office::{Office, with_key};

struct Agent {
    office: Office,
    grant: String,
}

impl Agent {
    async fn open() -> Self {
        let office = Office::open().await;
        let grant = office.account("agent@agents.test").await;
        let grant = grant["id"].as_str().expect("an id").to_owned();
        Self { office, grant }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v3/grants/{}{rest}", self.grant)
    }

    fn one(&self, draft: &Value) -> String {
        self.path(&format!("/drafts/{}", draft["id"].as_str().expect("an id")))
    }

    async fn get(&self, rest: &str) -> Answered {
        self.office.get(&self.path(rest)).await
    }

    async fn call(&self, method: Method, target: &str, body: Option<Value>) -> Answered {
        self.office
            .call(&self.office.key, method, target, body)
            .await
    }

    async fn create(&self, body: Value) -> Value {
        let made = self.office.post(&self.path("/drafts"), body).await;
        assert_eq!(made.status, 200, "{:?}", made.json);
        made.json["data"].clone()
    }

    async fn update(&self, draft: &Value, body: Value) -> Answered {
        self.call(Method::PUT, &self.one(draft), Some(body)).await
    }

    async fn send(&self, draft: &Value) -> Answered {
        self.call(Method::POST, &self.one(draft), None).await
    }

    async fn form(&self, method: Method, target: &str, parts: &[(&str, &str)]) -> Answered {
        self.office
            .door
            .send(self.form_request(method, target, parts))
            .await
    }

    /// Each part is its header and its content.
    fn form_request(
        &self,
        method: Method,
        target: &str,
        parts: &[(&str, &str)],
    ) -> Request<Full<Bytes>> {
        let mut body = String::new();
        for (head, content) in parts {
            body.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
            ));
        }
        body.push_str("--b--\r\n");
        let mut request = with_key(&self.office.key, method, target, None);
        let form = HeaderValue::from_static("multipart/form-data; boundary=b");
        request.headers_mut().insert(header::CONTENT_TYPE, form);
        *request.body_mut() = Full::from(body);
        request
    }

    async fn drafts_folder(&self) -> Value {
        let folders = self.get("/folders/drafts").await;
        folders.json["data"].clone()
    }

    async fn queue(&self) -> Vec<Value> {
        let rows = self.office.get("/v3/admin/queue").await;
        rows.json["data"].as_array().expect("a list").clone()
    }
}

fn letter() -> Value {
    json!({"to": [{"email": "buyer@shop.example"}], "subject": "Quote", "body": "<p>Hello</p>"})
}

#[tokio::test]
async fn a_draft_object_has_every_member_of_the_contract() {
    let agent = Agent::open().await;
    let draft = agent
        .create(json!({
            "to": [{"email": "buyer@shop.example", "name": "Bo"}], "from": {"email": "agent@agents.test"},
            "subject": "Quote", "body": "<p>Hello</p>", "starred": true, "metadata": {"key1": "t-42"},
            "tracking_options": {"opens": true, "label": "q4"},
            "custom_headers": [{"name": "X-Case", "value": "7"}],
            "attachments": [{"filename": "a.txt", "content_type": "text/plain", "content": "b25l", "size": 99}],
        }))
        .await;
    let folder = agent.drafts_folder().await;
    let expected = json!({
        "id": draft["id"], "object": "draft", "grant_id": agent.grant, "thread_id": null,
        "folders": [folder["id"]], "date": draft["date"], "created_at": draft["date"],
        "updated_at": draft["date"], "unread": false, "starred": true, "answered": false,
        "from": [{"name": "", "email": "agent@agents.test"}],
        "to": [{"name": "Bo", "email": "buyer@shop.example"}], "cc": [], "bcc": [], "reply_to": [],
        "subject": "Quote", "snippet": "Hello", "body": "<p>Hello</p>",
        "attachments": [{
            "id": draft["attachments"][0]["id"], "grant_id": agent.grant, "filename": "a.txt",
            "content_type": "text/plain", "size": 3, "content_id": null,
            "content_disposition": "attachment", "is_inline": false,
        }],
        "metadata": {"key1": "t-42"}, "reply_to_message_id": "",
        "tracking_options": {"opens": true, "links": false, "thread_replies": false, "label": "q4"},
        "is_plaintext": false, "custom_headers": [{"name": "X-Case", "value": "7"}],
        "rfc822_message_id": "", "size": 15,
    });
    assert_eq!(draft, expected);
    assert!(draft["date"].is_i64() && draft["id"].is_string());
    assert_eq!(
        (&folder["total_count"], &folder["unread_count"]),
        (&json!(1), &json!(0))
    );
    let found = agent.office.get(&agent.one(&draft)).await;
    assert_eq!(found.json["data"], draft);
    let reduced = agent
        .office
        .get(&format!("{}?select=subject", agent.one(&draft)))
        .await;
    assert_eq!(
        reduced.json["data"],
        json!({"id": draft["id"], "object": "draft", "grant_id": agent.grant, "subject": "Quote"})
    );
    // Nothing is required, and an empty body is enough.
    let empty = agent.call(Method::POST, &agent.path("/drafts"), None).await;
    assert_eq!(
        (empty.status.as_u16(), &empty.json["data"]["to"]),
        (200, &json!([]))
    );
}

#[tokio::test]
async fn a_draft_is_no_message_and_no_other_id_is_a_draft() {
    let agent = Agent::open().await;
    let draft = agent.create(letter()).await;
    let id = draft["id"].as_str().expect("an id");
    for (method, target) in [
        (Method::GET, agent.path(&format!("/messages/{id}"))),
        (Method::PUT, agent.path(&format!("/messages/{id}"))),
        (Method::DELETE, agent.path(&format!("/messages/{id}"))),
        (Method::GET, agent.path(&format!("/threads/{id}"))),
        (Method::GET, agent.path("/drafts/nonsense")),
        (Method::PUT, agent.path("/drafts/nonsense")),
        (Method::POST, agent.path("/drafts/nonsense")),
        (Method::DELETE, agent.path("/drafts/nonsense")),
    ] {
        let body = (method != Method::GET).then(|| json!({}));
        let answer = agent.call(method, &target, body).await;
        assert_eq!(answer.status, 404, "{target}");
    }
    for listing in ["/messages?in=all", "/messages?in=drafts", "/threads?in=all"] {
        assert_eq!(
            agent.get(listing).await.json["data"],
            json!([]),
            "{listing}"
        );
    }
    let deleted = agent.call(Method::DELETE, &agent.one(&draft), None).await;
    assert_eq!(deleted.status, 200);
    assert!(deleted.json["request_id"].is_string() && deleted.json.get("data").is_none());
    let gone = agent.office.get(&agent.one(&draft)).await;
    assert_eq!(gone.status, 404);
    assert_eq!(agent.drafts_folder().await["total_count"], 0);
}

#[tokio::test]
async fn updates_replace_what_they_name_and_null_takes_away() {
    let agent = Agent::open().await;
    let mut first = letter();
    first["cc"] = json!([{"email": "cc@shop.example"}]);
    first["metadata"] = json!({"a": "b"});
    first["reply_to"] = json!([{"email": "desk@shop.example"}]);
    let draft = agent.create(first).await;
    let body = json!({
        "subject": "Better", "cc": null, "metadata": null, "reply_to": [], "colour": "red", "starred": true,
    });
    for method in [Method::PUT, Method::PATCH] {
        let changed = agent
            .call(method, &agent.one(&draft), Some(body.clone()))
            .await;
        assert_eq!(changed.status, 200, "{:?}", changed.json);
        let data = &changed.json["data"];
        assert_eq!(
            (&data["subject"], &data["body"]),
            (&json!("Better"), &draft["body"])
        );
        assert_eq!((&data["cc"], &data["reply_to"]), (&json!([]), &json!([])));
        assert_eq!(
            (&data["metadata"], &data["starred"]),
            (&json!({}), &json!(true))
        );
        assert_eq!(data["to"], draft["to"]);
        assert_eq!(
            changed.json["warnings"],
            json!(["unknown field ignored: colour"])
        );
    }
    for (body, field) in [
        (json!({"to": "x"}), "to"),
        (json!({"to": [{"email": "x"}]}), "to[0].email"),
        (json!({"subject": 1}), "subject"),
        (json!({"subject": "a\r\nBcc: x"}), "subject"),
        (json!({"metadata": {"a": 1}}), "metadata.a"),
        (json!({"starred": "yes"}), "starred"),
        (
            json!({"from": [{"email": "other@agents.test"}]}),
            "from[0].email",
        ),
        (
            json!({"attachments": [{"id": "x"}]}),
            "attachments[0].content",
        ),
        (
            json!({"custom_headers": [{"name": "Bcc", "value": "x"}]}),
            "custom_headers[0].name",
        ),
        (json!({"reply_to_message_id": "x"}), "reply_to_message_id"),
        (json!({"thread_id": "x"}), "thread_id"),
        (
            json!({"tracking_options": {"opens": "yes"}}),
            "tracking_options.opens",
        ),
    ] {
        let refused = agent.update(&draft, body.clone()).await;
        let error = &refused.json["error"];
        assert_eq!(
            (refused.status.as_u16(), &error["type"], &error["field"]),
            (400, &json!("invalid_request_error"), &json!(field)),
            "{body}"
        );
        let refused = agent.office.post(&agent.path("/drafts"), body).await;
        assert_eq!(refused.json["error"]["field"], field);
    }
    let unsupported = agent.update(&draft, json!({"signature_id": "s"})).await;
    assert_eq!(unsupported.json["error"]["type"], "not_supported");
}

#[tokio::test]
async fn forms_carry_files_that_only_files_and_attachments_replace() {
    let agent = Agent::open().await;
    let json_part = (
        "name=\"message\"; filename=\"\"",
        "{\"subject\":\"Form\",\"body\":\"<img src='cid:logo'>\"}",
    );
    let logo = (
        "name=logo; filename=\"logo.png\"\r\nContent-Type: image/png",
        "PNG",
    );
    let target = agent.path("/drafts");
    let text = ("name=file0; filename=a.txt", "one");
    let made = agent
        .form(Method::POST, &target, &[json_part, logo, text])
        .await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    let draft = made.json["data"].clone();
    let files = &draft["attachments"];
    assert_eq!(
        (
            &files[0]["content_id"],
            &files[0]["is_inline"],
            &files[1]["content_id"]
        ),
        (&json!("logo"), &json!(true), &Value::Null)
    );
    let one = agent.one(&draft);

    // A form without files keeps them, whichever name its part has.
    let renamed = ("name=draft", "{\"subject\":\"Renamed\"}");
    let kept = agent.form(Method::PUT, &one, &[renamed]).await;
    assert_eq!(kept.json["data"]["subject"], "Renamed");
    assert_eq!(&kept.json["data"]["attachments"], files);
    let replaced = agent.form(Method::PUT, &one, &[renamed, text]).await;
    let replaced = &replaced.json["data"]["attachments"];
    assert_eq!(replaced.as_array().map(Vec::len), Some(1));
    assert_eq!(
        replaced[0]["id"], files[1]["id"],
        "the same file stays who it is"
    );
    let none = ("name=message", "{\"attachments\":[]}");
    let none = agent.form(Method::PATCH, &one, &[none]).await;
    assert_eq!(none.json["data"]["attachments"], json!([]));
}

#[tokio::test]
async fn attachments_of_drafts_come_by_both_paths_whole_and_in_part() {
    let agent = Agent::open().await;
    let draft = agent
        .create(json!({"attachments": [{"filename": "ä.txt", "content_type": "text/plain", "content": "MDEyMzQ1Njc4OQ=="}]}))
        .await;
    let (id, file) = (&draft["id"], &draft["attachments"][0]);
    let (id, file_id) = (
        id.as_str().expect("an id"),
        file["id"].as_str().expect("an id"),
    );
    let short = agent.path(&format!("/attachments/{file_id}"));
    let long = agent.path(&format!("/messages/{id}/attachments/{file_id}"));
    for (metadata, download) in [
        (
            format!("{short}?message_id={id}"),
            format!("{short}/download?message_id={id}"),
        ),
        (long.clone(), format!("{long}/download")),
    ] {
        let shown = agent.office.get(&metadata).await;
        assert_eq!((shown.status.as_u16(), &shown.json["data"]), (200, file));
        let whole = agent.office.get(&download).await;
        assert_eq!(&*whole.bytes, b"0123456789");
        assert_eq!(whole.headers[header::CONTENT_TYPE], "text/plain");
        let mut part = with_key(&agent.office.key, Method::GET, &download, None);
        let range = HeaderValue::from_static("bytes=2-4");
        part.headers_mut().insert(header::RANGE, range);
        let part = agent.office.door.send(part).await;
        assert_eq!((part.status.as_u16(), &*part.bytes), (206, &b"234"[..]));
    }
    let other = agent.create(json!({})).await;
    let elsewhere = format!(
        "{short}?message_id={}",
        other["id"].as_str().expect("an id")
    );
    assert_eq!(agent.office.get(&elsewhere).await.status, 404);
    assert_eq!(agent.office.get(&short).await.status, 400);
}

#[tokio::test]
async fn a_draft_is_sent_with_any_empty_body_and_is_gone() {
    let agent = Agent::open().await;
    for body in [None, Some(json!({}))] {
        let draft = agent.create(letter()).await;
        let sent = agent.call(Method::POST, &agent.one(&draft), body).await;
        assert_eq!(sent.status, 200, "{:?}", sent.json);
        assert_eq!(sent.json["grant_id"], agent.grant.as_str());
        let data = &sent.json["data"];
        assert_eq!(
            (&data["object"], &data["subject"]),
            (&json!("message"), &json!("Quote"))
        );
        assert_eq!(
            (&data["schedule_id"], &data["use_draft"]),
            (&json!(""), &json!(false))
        );
        assert_ne!(data["id"], draft["id"]);
        assert!(sent.json.get("warnings").is_none());
        let message = data["id"].as_str().expect("an id");
        assert_eq!(agent.get(&format!("/messages/{message}")).await.status, 200);
        assert_eq!(agent.office.get(&agent.one(&draft)).await.status, 404);
        assert_eq!(agent.send(&draft).await.status, 404);
    }
    // The command line sends a content type with nothing behind it.
    let mut tracked = letter();
    tracked["tracking_options"] = json!({"opens": true});
    let draft = agent.create(tracked).await;
    let mut request = with_key(&agent.office.key, Method::POST, &agent.one(&draft), None);
    let json_type = HeaderValue::from_static("application/json");
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, json_type);
    let sent = agent.office.door.send(request).await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    let warnings = sent.json["warnings"].to_string();
    assert!(warnings.contains("nothing is counted: opens"), "{warnings}");
    assert_eq!(agent.queue().await.len(), 3);
    assert_eq!(agent.drafts_folder().await["total_count"], 0);
}

#[tokio::test]
async fn a_draft_that_cannot_be_sent_says_why_and_stays() {
    let agent = Agent::open().await;
    let draft = agent.create(json!({"subject": "To nobody"})).await;
    let refused = agent.send(&draft).await;
    assert_eq!(refused.status, 400);
    let message = refused.json["error"]["message"].as_str().expect("a text");
    assert_eq!(message, "'to' must contain at least one recipient");
    // 20 MB fit into a draft and, in base64, into no message.
    let content = "A".repeat(27 << 20);
    let large = json!({"to": [{"email": "a@shop.example"}], "attachments": [{"filename": "x", "content": content}]});
    let large = agent.create(large).await;
    let refused = agent.send(&large).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json["error"]["type"]),
        (413, &json!("request_too_large"))
    );
    assert!(agent.queue().await.is_empty());
    assert_eq!(agent.drafts_folder().await["total_count"], 2);
}

#[tokio::test]
async fn a_repeated_request_with_a_key_is_done_once() {
    let agent = Agent::open().await;
    let keyed = |target: &str, body: Value, key: &str| {
        let mut request = with_key(&agent.office.key, Method::POST, target, Some(body));
        let key = HeaderValue::from_str(key).expect("a plain key");
        request.headers_mut().insert("idempotency-key", key);
        request
    };
    let target = agent.path("/drafts");
    let first = agent.office.door.send(keyed(&target, letter(), "k1")).await;
    let again = agent.office.door.send(keyed(&target, letter(), "k1")).await;
    assert_eq!(first.json["data"], again.json["data"]);
    assert_eq!(again.headers["idempotent-response"], "true");
    let other = agent
        .office
        .door
        .send(keyed(&target, json!({}), "k1"))
        .await;
    assert_eq!(other.status, 409);
    assert_eq!(agent.drafts_folder().await["total_count"], 1);

    let one = agent.one(&first.json["data"]);
    let sent = agent.office.door.send(keyed(&one, json!({}), "k2")).await;
    let again = agent.office.door.send(keyed(&one, json!({}), "k2")).await;
    assert_eq!((sent.status.as_u16(), again.status.as_u16()), (200, 200));
    assert_eq!(sent.json["data"], again.json["data"]);
    let new = agent.office.door.send(keyed(&one, json!({}), "k3")).await;
    assert_eq!(new.status, 404);
    assert_eq!(agent.queue().await.len(), 1);
}

#[tokio::test]
async fn listings_take_the_filters_and_lists_of_every_client() {
    let agent = Agent::open().await;
    for number in 0..3 {
        let mut body = letter();
        body["subject"] = json!(format!("Quote {number}"));
        body["to"] = json!([{"email": format!("buyer{number}@shop.example")}]);
        body["metadata"] = json!({"key1": number.to_string()});
        body["starred"] = json!(number == 1);
        agent.create(body).await;
    }
    let subjects = |answer: &Answered| -> Vec<String> {
        let rows = answer.json["data"].as_array().expect("a list");
        rows.iter()
            .map(|row| row["subject"].as_str().expect("a text").to_owned())
            .collect()
    };
    for (query, expected) in [
        ("", vec!["Quote 2", "Quote 1", "Quote 0"]),
        ("?subject=quote+1", vec!["Quote 1"]),
        (
            "?any_email=buyer0%40shop.example&any_email=buyer2%40shop.example",
            vec!["Quote 2", "Quote 0"],
        ),
        (
            "?to=buyer0@shop.example,buyer1@shop.example",
            vec!["Quote 1", "Quote 0"],
        ),
        ("?starred=True", vec!["Quote 1"]),
        (
            "?starred=false&has_attachment=false&unread=0",
            vec!["Quote 2", "Quote 0"],
        ),
        ("?metadata_pair=key1:2", vec!["Quote 2"]),
        ("?in=inbox", vec![]),
        ("?in=Drafts", vec!["Quote 2", "Quote 1", "Quote 0"]),
        ("?thread_id=nonsense", vec![]),
    ] {
        let listed = agent.get(&format!("/drafts{query}")).await;
        assert_eq!(listed.status, 200, "{:?}", listed.json);
        assert_eq!(subjects(&listed), expected, "{query}");
    }
    let page = agent.get("/drafts?limit=2&select=subject").await;
    assert_eq!(subjects(&page), ["Quote 2", "Quote 1"]);
    assert_eq!(
        page.json["data"][0].as_object().map(serde_json::Map::len),
        Some(4)
    );
    let cursor = page.json["next_cursor"].as_str().expect("a cursor");
    let last = agent
        .get(&format!("/drafts?limit=1&page_token={cursor}"))
        .await;
    assert_eq!(subjects(&last), ["Quote 0"]);
    assert!(last.json.get("next_cursor").is_none());
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?page_token=x", "page_token"),
        ("?starred=maybe", "starred"),
        ("?metadata_pair=other:1", "metadata_pair"),
    ] {
        let refused = agent.get(&format!("/drafts{query}")).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json["error"]["field"]),
            (400, &json!(field))
        );
    }
}
