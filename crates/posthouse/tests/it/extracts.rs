//! `email clean` and `otp get`.

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
