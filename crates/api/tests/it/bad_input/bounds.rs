//! Counts that are one too many, values that are empty, and what a whole message may be.

use http::Method;
use serde_json::{Value, json};

use super::table::letter;
use super::{Desk, assert_refused, put};

fn times(count: usize, one: impl Fn(usize) -> Value) -> Value {
    Value::Array((0..count).map(one).collect())
}

fn someone(number: usize) -> Value {
    json!({"email": format!("a{number}@shop.example")})
}

#[tokio::test]
async fn lists_with_one_entry_too_many_are_refused() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let header = |n: usize| json!({"name": format!("X-{n}"), "value": "a"});
    let file = |_| json!({"filename": "a", "content": ""});
    let pairs: serde_json::Map<String, Value> =
        (0..51).map(|n| (format!("k{n}"), json!("a"))).collect();
    let pairs = Value::Object(pairs);
    let long_key = json!({"k".repeat(41): "a"});
    let contact = json!({"given_name": "Ann"});
    let send = (Method::POST, "/messages/send");
    let new_contact = (Method::POST, "/contacts");
    for ((method, path), body, name, value, field) in [
        (send.clone(), letter(), "to", times(51, someone), "to"),
        (send.clone(), letter(), "to", times(10_000, someone), "to"),
        (
            send.clone(),
            letter(),
            "cc",
            times(201, |_| someone(0)),
            "cc",
        ),
        (
            send.clone(),
            letter(),
            "bcc",
            times(201, |_| someone(0)),
            "bcc",
        ),
        (
            send.clone(),
            letter(),
            "reply_to",
            times(201, |_| someone(0)),
            "reply_to",
        ),
        (
            send.clone(),
            letter(),
            "from",
            times(2, |_| someone(0)),
            "from",
        ),
        (
            send.clone(),
            letter(),
            "custom_headers",
            times(51, header),
            "custom_headers",
        ),
        (
            send.clone(),
            letter(),
            "attachments",
            times(401, file),
            "attachments",
        ),
        (
            send.clone(),
            letter(),
            "metadata",
            pairs.clone(),
            "metadata",
        ),
        (
            send.clone(),
            letter(),
            "metadata",
            long_key.clone(),
            "metadata",
        ),
        (send, letter(), "metadata", json!({"": "a"}), "metadata"),
        (
            (Method::PUT, "/messages/{message}"),
            json!({}),
            "metadata",
            pairs.clone(),
            "metadata",
        ),
        (
            (Method::PUT, "/messages/{message}"),
            json!({}),
            "metadata",
            long_key,
            "metadata",
        ),
        (
            (Method::PUT, "/messages/{message}"),
            json!({}),
            "folders",
            json!(["inbox", "trash"]),
            "folders",
        ),
        (
            (Method::PUT, "/messages/{message}"),
            json!({}),
            "folders",
            times(51, |_| json!("inbox")),
            "folders",
        ),
        (
            (Method::PUT, "/threads/{thread}"),
            json!({}),
            "folders",
            json!(["inbox", "trash"]),
            "folders",
        ),
        (
            (Method::PUT, "/messages/clean"),
            json!({}),
            "message_id",
            times(21, |_| json!("x")),
            "message_id",
        ),
        (
            (Method::PUT, "/messages/clean"),
            json!({}),
            "message_id",
            json!([]),
            "message_id",
        ),
        (
            new_contact.clone(),
            contact.clone(),
            "metadata",
            pairs,
            "metadata",
        ),
        (
            new_contact.clone(),
            contact.clone(),
            "emails",
            times(51, someone),
            "emails",
        ),
        (
            new_contact.clone(),
            contact.clone(),
            "phone_numbers",
            times(51, |_| json!({"number": "1"})),
            "phone_numbers",
        ),
        (
            new_contact.clone(),
            contact.clone(),
            "im_addresses",
            times(51, |_| json!({"im_address": "1"})),
            "im_addresses",
        ),
        (
            new_contact.clone(),
            contact.clone(),
            "physical_addresses",
            times(51, |_| json!({"city": "x"})),
            "physical_addresses",
        ),
        (
            new_contact,
            contact,
            "web_pages",
            times(51, |_| json!({"url": "x"})),
            "web_pages",
        ),
    ] {
        let answer = desk.call(method, path, &put(&body, name, value)).await;
        assert_refused(&format!("{path} {name}"), &answer, field);
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn what_is_empty_or_missing_where_something_must_be_is_refused() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for (method, path, body, field) in [
        (Method::POST, "/messages/send", json!({}), "to"),
        (Method::POST, "/messages/send", json!({"to": []}), "to"),
        (Method::POST, "/messages/send", json!({"to": null}), "to"),
        (
            Method::POST,
            "/messages/send",
            json!({"to": [{}]}),
            "to[0].email",
        ),
        (
            Method::POST,
            "/messages/send",
            json!({"to": [{"email": ""}]}),
            "to[0].email",
        ),
        (
            Method::POST,
            "/messages/send",
            json!({"to": [{"email": " "}]}),
            "to[0].email",
        ),
        (
            Method::POST,
            "/messages/send",
            json!({"to": [someone(1), {"email": "@"}]}),
            "to[1].email",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "custom_headers[0].name", json!("")),
            "custom_headers[0].name",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "custom_headers[0]", json!({"name": "X-A"})),
            "custom_headers[0].value",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "custom_headers[0].name", json!("Bcc")),
            "custom_headers[0].name",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "attachments[0]", json!({"filename": "a"})),
            "attachments[0].content",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "attachments[0].content", json!("%")),
            "attachments[0].content",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "reply_to_message_id", json!("x")),
            "reply_to_message_id",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "from[0].email", json!("other@agents.test")),
            "from[0].email",
        ),
        (Method::PUT, "/messages/clean", json!({}), "message_id"),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "send_at", json!(1)),
            "send_at",
        ),
        (
            Method::POST,
            "/messages/send",
            put(&letter(), "send_at", json!(4_102_444_800_i64)),
            "send_at",
        ),
        (Method::POST, "/folders", json!({}), "name"),
        (Method::POST, "/folders", json!({"name": ""}), "name"),
        (Method::POST, "/folders", json!({"name": " "}), "name"),
        (Method::POST, "/folders", json!({"name": "a//b"}), "name"),
        (Method::POST, "/folders", json!({"name": "Inbox"}), "name"),
        (Method::POST, "/folders", json!({"name": "clients"}), "name"),
        (
            Method::POST,
            "/folders",
            json!({"name": (["x"; 21].join("/"))}),
            "name",
        ),
        (
            Method::POST,
            "/folders",
            json!({"name": "x", "parent_id": "nowhere"}),
            "parent_id",
        ),
        (
            Method::PUT,
            "/folders/{folder}",
            json!({"name": ""}),
            "name",
        ),
        (
            Method::PUT,
            "/folders/{folder}",
            json!({"parent_id": "{folder}"}),
            "parent_id",
        ),
        (
            Method::PUT,
            "/messages/{message}",
            json!({"folders": ["nowhere"]}),
            "folders[0]",
        ),
        (
            Method::PUT,
            "/messages/{message}",
            json!({"folders": [""]}),
            "folders[0]",
        ),
        (
            Method::PUT,
            "/threads/{thread}",
            json!({"folders": ["nowhere"]}),
            "folders[0]",
        ),
        (
            Method::POST,
            "/contacts",
            json!({"emails": [{"email": "no address"}]}),
            "emails[0].email",
        ),
        (
            Method::POST,
            "/contacts",
            json!({"given_name": "a", "birthday": "1983-02-29"}),
            "birthday",
        ),
        (
            Method::POST,
            "/contacts",
            json!({"given_name": "a", "source": "elsewhere"}),
            "source",
        ),
        (
            Method::POST,
            "/contacts",
            json!({"given_name": "a", "phone_numbers": [{"type": "home"}]}),
            "phone_numbers[0].number",
        ),
    ] {
        let case = format!("{method} {path} {body}");
        let answer = desk.call(method, path, &body).await;
        assert_refused(&case, &answer, field);
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn bodies_above_their_size_are_413_on_every_route() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let megabyte = "x".repeat(1 << 20);
    for (method, path) in [
        (Method::PUT, "/messages/{message}"),
        (Method::PUT, "/messages/clean"),
        (Method::POST, "/folders"),
        (Method::PUT, "/folders/{folder}"),
        (Method::PUT, "/threads/{thread}"),
        (Method::POST, "/contacts"),
        (Method::PUT, "/contacts/{contact}"),
    ] {
        let answer = desk.call(method, path, &json!({"notes": megabyte})).await;
        let (status, kind, _) = answer.error();
        assert_eq!((status, kind), (413, "request_too_large"), "{path}");
    }
    let large = "x".repeat(26 << 20);
    let answer = desk
        .call(
            Method::POST,
            "/messages/send",
            &put(&letter(), "body", json!(large)),
        )
        .await;
    assert_eq!(
        (answer.error().0, answer.error().1),
        (413, "request_too_large")
    );
    let larger = "x".repeat(37 << 20);
    let answer = desk
        .call(
            Method::POST,
            "/messages/send",
            &put(&letter(), "body", json!(larger)),
        )
        .await;
    assert_eq!(
        (answer.error().0, answer.error().1),
        (413, "request_too_large")
    );
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn bodies_can_hold_any_text_and_headers_any_letters() {
    let desk = Desk::open().await;
    let odd = "\u{2028}\u{2029}\u{202e}\u{feff}\u{200b}😀\u{e0041}ﷺ";
    let body = json!({
        "to": [{"name": odd, "email": "ann@shop.example"}], "subject": odd,
        "body": format!("<p>{odd}\r\n.\r\n\u{1}</p>"), "metadata": {"key1": odd},
        "custom_headers": [{"name": "X-Odd", "value": odd}],
        "attachments": [{"filename": odd, "content": "YQ=="}],
    });
    let sent = desk
        .call(Method::POST, "/messages/send?fields=include_headers", &body)
        .await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let headers = sent.json["data"]["headers"].as_array().expect("headers");
    let names: Vec<&str> = headers
        .iter()
        .filter_map(|header| header["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "X-Odd",
            "MIME-Version",
            "Content-Type"
        ]
    );
    assert_eq!(sent.json["data"]["metadata"]["key1"], odd);
}
