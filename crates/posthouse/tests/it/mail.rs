//! `email list` and `email read`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

fn message(subject: &str, unread: bool, body: &str) -> serde_json::Value {
    json!({
        "id": "m-1", "grant_id": "g-1", "thread_id": "t-1", "object": "message", "subject": subject, "unread": unread,
        "from": [{"name": "Ann", "email": "ann@peer.example"}], "to": [{"name": "", "email": "agent@x.example"}],
        "cc": [], "bcc": [], "reply_to": [], "date": 1_790_000_000, "body": body, "headers": [{"name": "X-One", "value": "1"}],
        "attachments": [{"id": "att-1", "filename": "a.pdf", "content_type": "application/pdf", "size": 12}]
    })
}

#[test]
fn list_shows_date_sender_subject_and_the_unread_mark() {
    let body = json!({"request_id": "r", "data": [message("Hello", true, ""), message("", false, "")], "next_cursor": "c"}).to_string();
    let server = Scripted::start(&[(
        "GET /v3/grants/agent@x.example/messages?limit=10&in=inbox",
        200,
        &body,
    )]);
    let ended = run(&server, &["email", "list", "agent@x.example"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(
        lines[1].contains('●') && lines[1].contains("2026-09-21 14:13"),
        "{}",
        ended.out
    );
    assert!(
        lines[1].contains("Ann <ann@peer.example>")
            && lines[1].contains("Hello")
            && lines[1].contains("m-1")
    );
    assert!(
        !lines[2].contains('●') && lines[2].contains("(no subject)"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("--limit"), "{}", ended.out);
    assert_eq!(
        run(&server, &["email", "list", "agent@x.example", "--json"])
            .out
            .trim_end(),
        body
    );
}

#[test]
fn filters_become_query_parameters() {
    let body = r#"{"request_id":"r","data":[]}"#;
    let folder = r#"{"request_id":"r","data":{"id":"f-1"}}"#;
    let server = Scripted::start(&[
        (
            "GET /v3/grants/g-1/messages?limit=50&in=Clients%2FAcme&unread=true",
            200,
            body,
        ),
        ("GET /v3/grants/g-1/folders/Clients%2FAcme", 200, folder),
    ]);
    let arguments = [
        "email",
        "list",
        "g-1",
        "--folder",
        "Clients/Acme",
        "--unread",
        "--limit",
        "50",
    ];
    let ended = run(&server, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("No unread messages in Clients/Acme"),
        "{}",
        ended.out
    );
    assert_eq!(
        run(&server, &["email", "list", "g-1", "--limit", "201"]).code,
        2
    );
}

#[test]
fn a_folder_that_is_not_there_is_not_called_empty() {
    let body = r#"{"request_id":"r","data":[]}"#;
    let server = Scripted::start(&[("GET /v3/grants/g-1/messages?limit=10&in=nosuch", 200, body)]);
    let ended = run(&server, &["email", "list", "g-1", "--folder", "nosuch"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("There is no folder nosuch"),
        "{}",
        ended.out
    );
}

#[test]
fn only_account_need_not_be_named() {
    let messages = r#"{"request_id":"r","data":[]}"#;
    let server = Scripted::start(&[
        (
            "GET /v3/grants?limit=2",
            200,
            r#"{"request_id":"r","data":[{"id":"g-1"}]}"#,
        ),
        (
            "GET /v3/grants/g-1/messages?limit=10&in=inbox",
            200,
            messages,
        ),
    ]);
    let ended = run(&server, &["email", "list"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("No messages in inbox"), "{}", ended.out);
    let several = Scripted::start(&[(
        "GET /v3/grants?limit=2",
        200,
        r#"{"request_id":"r","data":[{"id":"g-1"},{"id":"g-2"}]}"#,
    )]);
    let ended = run(&several, &["email", "list"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("POSTHOUSE_ACCOUNT"), "{}", ended.err);
}

#[test]
fn read_prints_headers_text_and_attachments() {
    let body = json!({"request_id": "r", "data": message("Hello", true, "<html><p>Dear &amp; near</p></html>")}).to_string();
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/messages/m-1", 200, &body),
        (
            "GET /v3/grants/g-1/messages/m-1?fields=include_headers",
            200,
            &body,
        ),
    ]);
    let ended = run(&server, &["email", "read", "m-1", "g-1"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    for shown in [
        "Ann <ann@peer.example>",
        "agent@x.example",
        "Hello",
        "\nDear & near\n",
        "a.pdf",
        "att-1",
    ] {
        assert!(
            ended.out.contains(shown),
            "{shown} is missing in:\n{}",
            ended.out
        );
    }
    assert!(
        run(&server, &["email", "read", "m-1", "g-1", "--headers"])
            .out
            .starts_with("X-One: 1\n")
    );
    assert_eq!(run(&server, &["email", "read", "m-2", "g-1"]).code, 3);
}

#[test]
fn mail_cannot_send_commands_to_the_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J";
    let one = json!({"request_id": "r", "data": message(evil, true, evil)}).to_string();
    let list = json!({"request_id": "r", "data": [message(evil, true, evil)]}).to_string();
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/messages/m-1", 200, &one),
        ("GET /v3/grants/g-1/messages?limit=10&in=inbox", 200, &list),
    ]);
    for arguments in [
        &["email", "read", "m-1", "g-1"][..],
        &["email", "list", "g-1"],
    ] {
        let ended = run(&server, arguments);
        assert!(
            ended.out.contains("owned") && !ended.out.contains('\u{1b}'),
            "{:?}",
            ended.out
        );
    }
}
