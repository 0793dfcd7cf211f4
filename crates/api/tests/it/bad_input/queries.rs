//! Query parameters, header fields and ids that are wrong.

use http::{HeaderValue, Method};
use serde_json::json;

use super::table::letter;
use super::{Desk, assert_refused};
use crate::office::with_key;

/// Parameters with values they cannot have.
const WRONG: [(&str, &str, &[&str]); 26] = [
    (
        "/messages",
        "limit",
        &["0", "-1", "1.5", "ten", "%2B5", "1e3", "0x10", "%E2%85%A4"],
    ),
    (
        "/messages",
        "offset",
        &["-1", "10001", "x", "99999999999999999999"],
    ),
    (
        "/messages",
        "page_token",
        &["x", "1.2.3", "..", "%20", "%E2%80%A8", "-1.-1.-1"],
    ),
    ("/messages", "unread", &["yes", "2", "tru", "null", "%0A"]),
    ("/messages", "starred", &["yes"]),
    ("/messages", "has_attachment", &["yes"]),
    (
        "/messages",
        "received_after",
        &["now", "-1", "1.5", "99999999999999999999", "253402300800"],
    ),
    ("/messages", "received_before", &["now"]),
    (
        "/messages",
        "metadata_pair",
        &["key1", "key6:a", ":a", "Key1:a"],
    ),
    (
        "/messages",
        "fields",
        &["everything", "raw_mime,include_headers", "standard,x"],
    ),
    (
        "/messages",
        "search_query_native",
        &["a+OR", "%22open", "(", "-a", "((((((((((a))))))))))"],
    ),
    ("/messages", "q", &["%22open", "OR", ")"]),
    ("/threads", "limit", &["0", "-1", "x"]),
    ("/threads", "latest_message_after", &["x", "-1"]),
    ("/threads", "latest_message_before", &["x"]),
    ("/threads", "earliest_message_date", &["x"]),
    ("/threads", "unread", &["x"]),
    ("/threads", "page_token", &["x"]),
    ("/folders", "limit", &["0", "x"]),
    ("/folders", "single_level", &["x"]),
    ("/drafts", "limit", &["0", "x"]),
    ("/drafts", "page_token", &["x"]),
    ("/drafts", "unread", &["x"]),
    ("/drafts", "metadata_pair", &["key9:x"]),
    ("/contacts", "page_token", &["x"]),
    ("/contacts", "metadata_pair", &["key9:x"]),
];

#[tokio::test]
async fn parameters_with_values_they_cannot_have_are_named() {
    let desk = Desk::open().await;
    for (below, name, values) in WRONG {
        for value in values {
            let answer = desk.get(&format!("{below}?{name}={value}")).await;
            assert_refused(&format!("{below} {name}={value}"), &answer, name);
        }
    }
}

#[tokio::test]
async fn http_08_parameters_that_are_no_text_or_too_many_are_refused_on_every_listing() {
    let desk = Desk::open().await;
    for below in [
        "/messages",
        "/threads",
        "/folders",
        "/contacts",
        "/messages/wait",
    ] {
        for name in ["subject", "in", "from", "anything"] {
            for value in ["%FF", "a%00b", "%ED%A0%80", "%C0%AF"] {
                let answer = desk.get(&format!("{below}?{name}={value}")).await;
                assert_refused(&format!("{below} {name}={value}"), &answer, name);
            }
        }
        let flood = desk.get(&format!("{below}?{}", "a=1&".repeat(257))).await;
        assert_eq!(flood.error().0, 400, "{below}");
        let long = desk
            .get(&format!("{below}?subject={}", "x".repeat(17_000)))
            .await;
        assert_eq!(long.error().0, 414, "{below}");
    }
}

#[tokio::test]
async fn ids_that_are_none_are_not_found_whatever_they_hold() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for id in [
        "x",
        "%00",
        "%0d%0aX-Evil:1",
        "%2e%2e",
        "%ff",
        "%E2%80%A8",
        "{}",
        "-1",
        "null",
        &"9".repeat(5_000),
    ] {
        for (method, below) in [
            (Method::GET, "/messages/"),
            (Method::PUT, "/messages/"),
            (Method::DELETE, "/messages/"),
            (Method::GET, "/threads/"),
            (Method::PUT, "/threads/"),
            (Method::DELETE, "/threads/"),
            (Method::GET, "/folders/"),
            (Method::PUT, "/folders/"),
            (Method::DELETE, "/folders/"),
            (Method::GET, "/contacts/"),
            (Method::PUT, "/contacts/"),
            (Method::DELETE, "/contacts/"),
        ] {
            let answer = desk
                .call(
                    method.clone(),
                    &format!("{below}{id}"),
                    &json!({"name": "x"}),
                )
                .await;
            let status = answer.error().0;
            assert!(
                matches!(status, 400 | 404),
                "{method} {below}{id}: {status}"
            );
            assert!(answer.headers.get("x-evil").is_none());
        }
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn idempotency_keys_have_1_to_256_characters() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for key in ["", &"k".repeat(257)] {
        let mut request = with_key(
            &desk.office.key,
            Method::POST,
            &desk.path("/messages/send"),
            Some(letter()),
        );
        let value = HeaderValue::from_str(key).expect("a plain key");
        request.headers_mut().insert("idempotency-key", value);
        let answer = desk.office.door.send(request).await;
        let (status, kind, _) = answer.error();
        assert_eq!(
            (status, kind),
            (400, "api.invalid_idempotency_key"),
            "{}",
            key.len()
        );
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn parameters_of_a_send_with_values_they_cannot_have_are_named() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for (name, value) in [
        ("type", "eml"),
        ("type", "%00"),
        ("fields", "raw_mime"),
        ("fields", "x"),
    ] {
        let answer = desk
            .call(
                Method::POST,
                &format!("/messages/send?{name}={value}"),
                &letter(),
            )
            .await;
        assert_refused(&format!("{name}={value}"), &answer, name);
    }
    assert_eq!(desk.state().await, before);
}
