//! JSON bodies: types, lengths, characters and syntax of every field.

use http::Method;
use serde_json::{Value, json};

use super::table::{ANY, Field, Kind, Target, targets};
use super::{Desk, assert_refused, put};

/// One value of each JSON type.
fn one_of_each() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(18_446_744_073_709_551_615_u64),
        json!("text"),
        json!(["text"]),
        json!([[]]),
        json!({"unknown": 1}),
    ]
}

fn is_of_kind(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => field.takes_null,
        Value::Bool(_) => field.kind == Kind::Flag,
        // Those in the list are no times.
        Value::Number(_) => false,
        Value::String(_) => matches!(field.kind, Kind::Line { .. } | Kind::Text { .. }),
        Value::Array(_) => matches!(field.kind, Kind::List | Kind::ListOrObject),
        Value::Object(_) => matches!(field.kind, Kind::Object | Kind::ListOrObject),
    }
}

#[tokio::test]
async fn http_08_a_field_of_a_wrong_type_is_named_on_every_route() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let mut asked = 0;
    for target in targets() {
        for field in &target.fields {
            for value in one_of_each()
                .iter()
                .filter(|value| !is_of_kind(field, value))
            {
                let body = put(&target.body, field.path, value.clone());
                let case = format!(
                    "{} {}: {} = {value}",
                    target.method, target.path, field.path
                );
                let answer = desk.call(target.method.clone(), target.path, &body).await;
                assert_refused(&case, &answer, field.path);
                asked += 1;
            }
        }
    }
    assert!(asked > 800, "only {asked} cases: is the table empty?");
    assert_eq!(desk.state().await, before, "something was stored");
}

#[tokio::test]
async fn an_item_of_a_wrong_type_is_named_with_its_place() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for target in targets() {
        for field in target
            .fields
            .iter()
            .filter(|field| field.kind == Kind::List)
        {
            let good = target
                .body
                .pointer(&format!("/{}/0", field.path))
                .expect("a list with an item");
            let body = put(&target.body, field.path, json!([good, 7]));
            let case = format!("{} {}: {}", target.method, target.path, field.path);
            let answer = desk.call(target.method.clone(), target.path, &body).await;
            assert_refused(&case, &answer, &format!("{}[1]", field.path));
        }
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn text_that_is_one_character_too_long_is_refused() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let mut asked = 0;
    for target in targets() {
        for field in &target.fields {
            let (Kind::Line { characters_max } | Kind::Text { characters_max }) = field.kind else {
                continue;
            };
            if characters_max == ANY {
                continue;
            }
            let long = "a".repeat(characters_max + 1);
            let body = put(&target.body, field.path, json!(long));
            let case = format!("{} {}: {}", target.method, target.path, field.path);
            let answer = desk.call(target.method.clone(), target.path, &body).await;
            assert_refused(&case, &answer, field.path);
            asked += 1;
        }
    }
    assert!(asked > 60, "only {asked}");
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn smtp_08_control_characters_are_refused_in_every_text_that_is_a_line() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for target in targets() {
        let lines = target
            .fields
            .iter()
            .filter(|field| matches!(field.kind, Kind::Line { .. }));
        for field in lines {
            for control in [
                "\r\nX-Evil: 1",
                "\r",
                "\n",
                "\u{0}",
                "\u{1}",
                "\u{1b}",
                "\u{7f}",
                "\u{85}",
            ] {
                let pointer = format!("/{}", field.path.replace(['.', '['], "/").replace(']', ""));
                let good = target
                    .body
                    .pointer(&pointer)
                    .and_then(Value::as_str)
                    .unwrap_or("a");
                // In the middle: what stands at an end may be trimmed.
                let bad = format!("{good}{control}{good}");
                let body = put(&target.body, field.path, json!(bad));
                let case = format!(
                    "{} {}: {} = {bad:?}",
                    target.method, target.path, field.path
                );
                let answer = desk.call(target.method.clone(), target.path, &body).await;
                assert_refused(&case, &answer, field.path);
            }
        }
    }
    assert_eq!(desk.state().await, before);
}

/// Replaces a text in a body by bytes as they are, so that they need not be valid.
fn spliced(target: &Target, field: &Field, raw: &[u8]) -> Vec<u8> {
    let marked = put(&target.body, field.path, json!("MARK")).to_string();
    let at = marked.find("\"MARK\"").expect("the mark");
    [&marked.as_bytes()[..at], raw, &marked.as_bytes()[at + 6..]].concat()
}

#[tokio::test]
async fn http_08_text_that_is_no_unicode_and_json_that_is_none_are_named_where_they_are() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let deep = [b"[".repeat(33), b"]".repeat(33)].concat();
    for target in targets() {
        for field in &target.fields {
            for raw in [
                &br#""\ud800""#[..],
                br#""\udc00\ud800""#,
                br#""a\u0000b""#,
                b"\"\xff\"",
                b"\"\xed\xa0\x80\"",
                b"\"\xc0\xaf\"",
                b"\"a\nb\"",
                b"01",
                b"+1",
                b"NaN",
                b"1e999",
                b"-",
                b"'a'",
                b"}",
            ] {
                let shown = String::from_utf8_lossy(raw).into_owned();
                let case = format!(
                    "{} {}: {} = {shown}",
                    target.method, target.path, field.path
                );
                let body = spliced(&target, field, raw);
                let answer = desk
                    .call_raw(target.method.clone(), target.path, "application/json", body)
                    .await;
                assert_refused(&case, &answer, field.path);
            }
            let answer = desk
                .call_raw(
                    target.method.clone(),
                    target.path,
                    "application/json",
                    spliced(&target, field, &deep),
                )
                .await;
            let (status, _, message) = answer.error();
            assert_eq!(status, 400);
            let named = answer.json["error"]["field"].as_str().unwrap_or_default();
            assert!(named.starts_with(field.path), "{named}: {message}");
        }
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn http_08_a_field_given_twice_is_refused_on_every_route() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for target in targets() {
        for name in target.body.as_object().expect("an object").keys() {
            let text = target.body.to_string();
            let twice = format!("{},\"{name}\":null}}", &text[..text.len() - 1]);
            let answer = desk
                .call_raw(
                    target.method.clone(),
                    target.path,
                    "application/json",
                    twice,
                )
                .await;
            assert_refused(&format!("{} {name}", target.path), &answer, name);
        }
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn bodies_that_are_no_object_or_of_another_type_are_refused_on_every_route() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for target in targets() {
        let method = || target.method.clone();
        for body in [
            "[]",
            "null",
            "1",
            "\"x\"",
            "{",
            "}",
            "{}{}",
            "{\"a\"}",
            "\u{feff}{}",
            "{\"a\":1,}",
        ] {
            let answer = desk
                .call_raw(method(), target.path, "application/json", body)
                .await;
            let (status, kind, message) = answer.error();
            assert_eq!(
                (status, kind),
                (400, "invalid_request_error"),
                "{} {body}: {message}",
                target.path
            );
        }
        for content_type in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "x",
        ] {
            let answer = desk
                .call_raw(method(), target.path, content_type, target.body.to_string())
                .await;
            let (status, kind, _) = answer.error();
            assert_eq!(
                (status, kind),
                (415, "unsupported_media_type"),
                "{content_type}"
            );
        }
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn names_of_unknown_fields_come_back_short_and_plain() {
    let desk = Desk::open().await;
    let long = format!("x\r\n\u{1b}{}", "y".repeat(500_000));
    let body = json!({"starred": true, long: 1});
    let answer = desk.call(Method::PUT, "/messages/{message}", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let warnings = answer.json["warnings"].as_array().expect("a warning");
    let warning = warnings[0].as_str().expect("a text");
    assert!(
        warning.len() < 200 && !warning.contains(char::is_control),
        "{warning}"
    );
    let many: serde_json::Map<String, Value> =
        (0..5_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let answer = desk
        .call(Method::PUT, "/messages/{message}", &Value::Object(many))
        .await;
    assert!(answer.json["warnings"].as_array().expect("warnings").len() <= 20);
}
