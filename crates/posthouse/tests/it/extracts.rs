//! `email clean`, `otp get` and `otp watch`.

use serde_json::{Value, json};

use crate::command::run;
use crate::scripted::Scripted;

const LIST: &str = "GET /v3/grants/g-1/messages?limit=20&fields=include_extracted&select=id,subject,date,extracted";

#[test]
fn otp_get_prints_the_code_of_the_newest_message_that_has_one() {
    let message = |id: &str, codes: Value| json!({"id": id, "subject": "S", "date": 1, "extracted": {"otp_codes": codes}});
    let codes = json!([{"code": "482913", "source": "body", "confidence": 0.97}, {"code": "7777", "confidence": 0.5}]);
    let body = json!({"request_id": "r", "data": [message("m-3", json!([])), message("m-2", codes), message("m-1", json!([{"code": "1111"}]))]}).to_string();
    let server = Scripted::start(&[(LIST, 200, &body)]);
    let ended = run(&server, &["otp", "get", "g-1"]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "482913\n"),
        "{}",
        ended.err
    );
    let ended = run(&server, &["otp", "get", "g-1", "--json"]);
    let printed: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(
        (&printed["code"], &printed["message_id"]),
        (&json!("482913"), &json!("m-2"))
    );
}

#[test]
fn otp_get_fails_when_there_is_no_code() {
    let server = Scripted::start(&[(LIST, 200, r#"{"request_id":"r","data":[]}"#)]);
    let ended = run(&server, &["otp", "get", "g-1"]);
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("one-time code"), "{}", ended.err);
}

#[test]
fn clean_prints_the_conversation_without_control_characters() {
    let body = json!({"request_id": "r", "data": [{"id": "m-1", "conversation": "Yes.\n\u{1b}[2JTuesday."}]}).to_string();
    let server = Scripted::start(&[("PATCH /v3/grants/g-1/messages/clean", 200, &body)]);
    let ended = run(
        &server,
        &["email", "clean", "m-1", "g-1", "--markdown", "--links"],
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("Yes.\n")
            && ended.out.contains("Tuesday.")
            && !ended.out.contains('\u{1b}')
    );
    assert_eq!(
        run(&server, &["email", "clean", "m-1", "g-1", "--json"])
            .out
            .trim_end(),
        body
    );
}

const WAIT: &str = "/v3/grants/g-1/messages/wait?has_otp=true&fields=include_extracted&select=id,subject,date,extracted";

#[test]
fn otp_watch_prints_each_code_once_and_goes_on_where_it_was() {
    let answer = |id: &str, code: &str| {
        json!({"request_id": "r", "timed_out": false, "next_since": id, "data": {"id": id, "subject": "S", "date": 1, "extracted": {"otp_codes": [{"code": code, "confidence": 0.9}]}}}).to_string()
    };
    let nothing = json!({"request_id": "r", "timed_out": true, "next_since": "m-1", "data": null});
    let (first, nothing) = (answer("m-1", "1111"), nothing.to_string());
    let server = Scripted::start(&[
        (&format!("GET {WAIT}&timeout=60"), 200, &first),
        (
            &format!("GET {WAIT}&timeout=60&since=m-1"),
            200,
            &answer("m-2", "2222"),
        ),
    ]);
    let ended = run(&server, &["otp", "watch", "g-1", "--count", "2"]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "1111\n2222\n"),
        "{}",
        ended.err
    );

    let server = Scripted::start(&[
        (&format!("GET {WAIT}&timeout=1"), 200, &nothing),
        (&format!("GET {WAIT}&timeout=1&since=m-1"), 200, &nothing),
    ]);
    let ended = run(&server, &["otp", "watch", "g-1", "--timeout", "1"]);
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{}", ended.err);
    assert!(ended.err.contains("no code came"), "{}", ended.err);
}
