//! `webhook`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

const WEBHOOK: &str = r#"{"id":"h-1","webhook_url":"https://app.example/hook","trigger_types":["message.created","grant.created"],"status":"active","webhook_secret":"5ec2e7"}"#;

#[test]
fn create_takes_triggers_in_both_spellings_and_shows_the_secret() {
    let created = format!(r#"{{"request_id":"r","data":{WEBHOOK}}}"#);
    let server = Scripted::start(&[("POST /v3/webhooks", 200, &created)]);
    let spellings: [&[&str]; 2] = [
        &["--triggers", "message.created,grant.created"],
        &["--trigger", "message.created", "--trigger", "grant.created"],
    ];
    for triggers in spellings {
        let arguments = [
            &["webhook", "create", "--url", "https://app.example/hook"],
            triggers,
        ]
        .concat();
        let ended = run(&server, &arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(
            ended.out.contains("5ec2e7") && ended.out.contains("h-1"),
            "{}",
            ended.out
        );
        let expected = json!({"webhook_url": "https://app.example/hook", "trigger_types": ["message.created", "grant.created"]});
        assert_eq!(server.asked().last().expect("asked").body, expected);
    }
    assert_eq!(
        run(
            &server,
            &["webhook", "create", "--url", "https://app.example/hook"]
        )
        .code,
        2
    );
}

#[test]
fn list_and_delete() {
    let list = format!(r#"{{"request_id":"r","data":[{WEBHOOK}]}}"#);
    let found = format!(r#"{{"request_id":"r","data":{WEBHOOK}}}"#);
    let server = Scripted::start(&[
        ("GET /v3/webhooks", 200, &list),
        ("GET /v3/webhooks/h-1", 200, &found),
        (
            "DELETE /v3/webhooks/h-1",
            200,
            r#"{"request_id":"r","data":{"status":"success"}}"#,
        ),
    ]);
    let ended = run(&server, &["webhook", "list"]);
    assert!(
        ended.out.contains("message.created, grant.created"),
        "{}",
        ended.out
    );
    assert_eq!(run(&server, &["webhook", "delete", "h-1"]).code, 2);
    assert_eq!(run(&server, &["webhook", "delete", "h-1", "-y"]).code, 0);
    assert_eq!(run(&server, &["webhook", "delete", "h-2", "-y"]).code, 3);
    let empty = Scripted::start(&[("GET /v3/webhooks", 200, r#"{"request_id":"r","data":[]}"#)]);
    assert!(
        run(&empty, &["webhook", "list"])
            .out
            .contains("posthouse webhook create")
    );
}
