//! `email drafts` and `email scheduled`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

const DRAFT: &str = r#"{"request_id":"r","data":{"id":"d-1","object":"draft","subject":"Quote","date":1790000000,"from":[],"to":[{"name":"","email":"buyer@shop.example"}],"cc":[],"reply_to":[],"body":"Hello","attachments":[]}}"#;
const DRAFTS: &str = r#"{"request_id":"r","data":[{"id":"d-1","object":"draft","subject":"Quote","date":1790000000,"to":[{"name":"","email":"buyer@shop.example"}]}]}"#;
const EMPTY: &str = r#"{"request_id":"r","data":[]}"#;
const DELETED: &str = r#"{"request_id":"r"}"#;
const SENT: &str = r#"{"request_id":"r","grant_id":"g-1","data":{"id":"m-2","thread_id":"t-1","subject":"Quote","to":[{"name":"","email":"buyer@shop.example"}],"cc":[],"bcc":[]}}"#;
const SCHEDULED: &str = r#"{"request_id":"r","grant_id":"g-1","schedule_id":"s-1","send_at":1799046000,"data":{"id":"m-2","subject":"Quote","to":[],"cc":[],"bcc":[],"schedule_id":"s-1","send_at":1799046000}}"#;
const SCHEDULE: &str = r#"{"request_id":"r","data":{"schedule_id":"s-1","status":{"code":"pending","description":"waits for its time"},"send_at":1799046000,"subject":"Quote","message_id":"m-2"}}"#;

#[test]
fn a_draft_is_begun_changed_sent_and_deleted() {
    let server = Scripted::start(&[
        ("POST /v3/grants/g-1/drafts", 200, DRAFT),
        ("PATCH /v3/grants/g-1/drafts/d-1", 200, DRAFT),
        ("POST /v3/grants/g-1/drafts/d-1", 200, SENT),
        ("GET /v3/grants/g-1/drafts/d-1", 200, DRAFT),
        ("DELETE /v3/grants/g-1/drafts/d-1", 200, DELETED),
    ]);
    let drafts = |arguments: &[&str]| {
        let all = [&["email", "drafts"][..], arguments].concat();
        let ended = run(&server, &all);
        assert_eq!(ended.code, 0, "{}", ended.err);
        ended.out
    };
    let created = drafts(&["create", "g-1", "--subject", "Quote", "--answers", "m-1"]);
    assert!(created.contains("d-1"), "{created}");
    let body = server.asked().last().expect("a request").body.clone();
    assert_eq!(
        body,
        json!({"subject": "Quote", "is_plaintext": true, "reply_to_message_id": "m-1"})
    );

    drafts(&["update", "d-1", "g-1", "--to", "buyer@shop.example"]);
    let body = server.asked().last().expect("a request").body.clone();
    assert_eq!(body, json!({"to": [{"email": "buyer@shop.example"}]}));

    let shown = drafts(&["show", "d-1", "g-1"]);
    assert!(
        shown.contains("Quote") && shown.contains("Hello"),
        "{shown}"
    );
    let sent = drafts(&["send", "d-1", "g-1"]);
    assert!(sent.contains("Sent.") && sent.contains("m-2"), "{sent}");
    let deleted = drafts(&["delete", "d-1", "g-1", "--yes"]);
    assert!(deleted.contains("Deleted"), "{deleted}");
}

#[test]
fn an_update_that_names_nothing_is_a_usage_error() {
    let server = Scripted::start(&[]);
    let ended = run(&server, &["email", "drafts", "update", "d-1", "g-1"]);
    assert_eq!(ended.code, 2, "{}", ended.err);
    assert!(server.asked().is_empty());
}

#[test]
fn no_drafts_and_no_schedules_say_what_to_do_next() {
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/drafts?limit=10", 200, EMPTY),
        ("GET /v3/grants/g-1/messages/schedules", 200, EMPTY),
        ("GET /v3/grants/g-2/drafts?limit=10", 200, DRAFTS),
    ]);
    let none = run(&server, &["email", "drafts", "list", "g-1"]);
    assert!(none.out.contains("email drafts create"), "{}", none.out);
    let none = run(&server, &["email", "scheduled", "list", "g-1"]);
    assert!(none.out.contains("--at +2h"), "{}", none.out);
    let some = run(&server, &["email", "drafts", "list", "g-2"]);
    assert!(
        some.out.contains("buyer@shop.example") && some.out.contains("d-1"),
        "{}",
        some.out
    );
}

#[test]
fn a_message_is_scheduled_shown_and_cancelled() {
    let server = Scripted::start(&[
        ("POST /v3/grants/g-1/messages/send", 202, SCHEDULED),
        ("GET /v3/grants/g-1/messages/schedules/s-1", 200, SCHEDULE),
        ("DELETE /v3/grants/g-1/messages/schedules/s-1", 202, DELETED),
    ]);
    let at = "2027-01-04T08:00:00+01:00";
    let arguments = ["email", "send", "g-1", "--to", "b@shop.example", "--at", at];
    let ended = run(&server, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("Scheduled for 2027-01-04 07:00") && ended.out.contains("s-1"),
        "{}",
        ended.out
    );
    assert_eq!(server.asked()[0].body["send_at"], 1_799_046_000);
    let shown = run(&server, &["email", "scheduled", "show", "s-1", "g-1"]);
    assert!(shown.out.contains("pending"), "{}", shown.out);
    let ended = run(&server, &["email", "scheduled", "cancel", "s-1", "g-1"]);
    assert!(ended.out.contains("Cancelled"), "{}", ended.out);
}

#[test]
fn a_time_that_nobody_understands_is_a_usage_error() {
    let server = Scripted::start(&[]);
    let arguments = [
        "email",
        "send",
        "g-1",
        "--to",
        "b@shop.example",
        "--at",
        "soon",
    ];
    let ended = run(&server, &arguments);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("+2h"), "{}", ended.err);
}
