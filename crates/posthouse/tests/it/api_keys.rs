//! `api-key`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

const APPLICATION: &str = r#"{"request_id":"r","data":{"application_id":"app-1"}}"#;

#[test]
fn create_shows_the_key_once_and_sends_the_scope() {
    let created = r#"{"request_id":"r","data":{"id":"k-1","name":"worker","permissions":["read","write"],"scope":{"type":"grant","id":"g-1"},"expires_at":null,"api_key":"phk_secret"}}"#;
    let server = Scripted::start(&[
        ("GET /v3/applications", 200, APPLICATION),
        ("POST /v3/admin/applications/app-1/api-keys", 200, created),
    ]);
    let arguments = [
        "api-key",
        "create",
        "--name",
        "worker",
        "--expires-in",
        "90",
        "--account",
        "g-1",
    ];
    let ended = run(&server, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("phk_secret") && ended.out.contains("not shown again"),
        "{}",
        ended.out
    );
    let expected = json!({"name": "worker", "read_only": false, "expires_in": 90, "scope": {"type": "grant", "id": "g-1"}});
    assert_eq!(server.asked()[1].body, expected);
    assert_eq!(
        run(&server, &["api-key", "create", "worker"]).code,
        0,
        "the name may come first"
    );
    assert_eq!(run(&server, &["api-key", "create"]).code, 2);
    let contradiction = run(
        &server,
        &["api-key", "create", "--name", "x", "--admin", "--read-only"],
    );
    assert_eq!(contradiction.code, 2);
}

#[test]
fn list_and_revoke() {
    let key = r#"{"id":"k-1","name":"worker","prefix":"phk_abcd","permissions":["read"],"scope":{"type":"application","id":"app-1"},"status":"active","expires_at":null,"last_used_at":null}"#;
    let list = format!(r#"{{"request_id":"r","data":[{key}]}}"#);
    let found = format!(r#"{{"request_id":"r","data":{key}}}"#);
    let server = Scripted::start(&[
        ("GET /v3/applications", 200, APPLICATION),
        ("GET /v3/admin/applications/app-1/api-keys", 200, &list),
        ("GET /v3/admin/applications/app-1/api-keys/k-1", 200, &found),
        (
            "DELETE /v3/admin/applications/app-1/api-keys/k-1",
            200,
            r#"{"request_id":"r"}"#,
        ),
    ]);
    let ended = run(&server, &["api-key", "list"]);
    for shown in [
        "k-1",
        "worker",
        "phk_abcd",
        "read",
        "application",
        "active",
        "never",
    ] {
        assert!(
            ended.out.contains(shown),
            "{shown} is missing in:\n{}",
            ended.out
        );
    }
    assert_eq!(run(&server, &["api-key", "revoke", "k-1"]).code, 2);
    let ended = run(&server, &["api-key", "revoke", "k-1", "--yes"]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "Revoked the key \"worker\".\n")
    );
}
