//! `email threads`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

fn thread() -> serde_json::Value {
    json!({
        "id": "t-1", "grant_id": "g-1", "object": "thread", "subject": "Order \u{1b}[2J42", "unread": true,
        "participants": [{"name": "Ann", "email": "ann@peer.example"}, {"name": "", "email": "bob@peer.example"}],
        "message_ids": ["m-1", "m-2"], "earliest_message_date": 1_780_000_000,
        "latest_draft_or_message": {"id": "m-2", "date": 1_790_000_000}
    })
}

#[test]
fn threads_are_listed_with_people_and_counts() {
    let body = json!({"request_id": "r", "data": [thread()], "next_cursor": "c"}).to_string();
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/threads?limit=10", 200, &body),
        (
            "GET /v3/grants/g-1/threads?limit=5&in=Clients%2FAcme&unread=true",
            200,
            r#"{"request_id":"r","data":[]}"#,
        ),
    ]);
    let ended = run(&server, &["email", "threads", "list", "g-1"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    for shown in [
        "●",
        "2026-09-21 14:13",
        "Ann <ann@peer.example>",
        "42",
        "t-1",
        "--limit",
    ] {
        assert!(ended.out.contains(shown), "{shown}: {}", ended.out);
    }
    assert!(!ended.out.contains('\u{1b}'), "{:?}", ended.out);
    let json = run(&server, &["email", "threads", "list", "g-1", "--json"]);
    assert_eq!(json.out.trim_end(), body);
    let filters = ["--folder", "Clients/Acme", "--unread", "--limit", "5"];
    let mut arguments = vec!["email", "threads", "list", "g-1"];
    arguments.extend(filters);
    assert!(run(&server, &arguments).out.contains("No threads"));
}

#[test]
fn a_thread_is_shown_marked_and_thrown_away() {
    let one = json!({"request_id": "r", "data": thread()}).to_string();
    let messages = json!({"request_id": "r", "data": [{"id": "m-2", "subject": "Re: Order", "date": 1_790_000_000}]});
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/threads/t-1", 200, &one),
        (
            "GET /v3/grants/g-1/messages?limit=200&in=all&thread_id=t-1",
            200,
            &messages.to_string(),
        ),
        ("PATCH /v3/grants/g-1/threads/t-1", 200, &one),
        (
            "DELETE /v3/grants/g-1/threads/t-1",
            200,
            r#"{"request_id":"r"}"#,
        ),
    ]);
    let shown = run(&server, &["email", "threads", "show", "t-1", "g-1"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("bob@peer.example") && shown.out.contains("m-2"));
    let marked = run(
        &server,
        &["email", "threads", "mark", "t-1", "g-1", "--read"],
    );
    assert!(marked.out.contains("2 messages"), "{}", marked.err);
    let nothing = run(&server, &["email", "threads", "mark", "t-1", "g-1"]);
    assert_eq!(nothing.code, 2);
    let deleted = run(&server, &["email", "threads", "delete", "t-1", "g-1"]);
    assert!(deleted.out.contains("Trash"), "{}", deleted.err);
}
