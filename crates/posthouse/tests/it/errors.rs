//! Exit codes and error texts.

use serde_json::Value;

use crate::command::{bare, run, run_in};
use crate::scripted::Scripted;

#[test]
fn statuses_become_exit_codes() {
    let error =
        |kind: &str| format!(r#"{{"request_id":"r","error":{{"type":"{kind}","message":"no"}}}}"#);
    let cases = [
        (400, "invalid_request_error", 1),
        (400, "domain_not_verified", 4),
        (401, "unauthorized", 4),
        (403, "forbidden_access", 4),
        (404, "not_found_error", 3),
        (409, "conflict", 1),
        (423, "api.resource_blocked", 4),
        (429, "rate_limit_error", 4),
        (500, "unexpected_error", 1),
        (503, "service_unavailable", 1),
    ];
    for (status, kind, code) in cases {
        let body = error(kind);
        let server = Scripted::start(&[("GET /v3/webhooks", status, &body)]);
        let ended = run(&server, &["webhook", "list", "--json"]);
        assert_eq!(ended.code, code, "{status} {kind}");
        assert_eq!(
            (ended.out.as_str(), ended.err.trim_end()),
            ("", body.as_str()),
            "verbatim on standard error"
        );
        assert_eq!(server.lines().len(), 1, "no silent retries");
    }
}

#[test]
fn refused_connection_says_how_to_start_a_server() {
    let home = tempfile::tempdir().expect("temporary directory");
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        format!("http://{}", listener.local_addr().expect("address"))
    };
    let command = |arguments: &[&str]| {
        let output = bare(arguments, home.path())
            .env("POSTHOUSE_URL", &closed)
            .env("POSTHOUSE_API_KEY", "phk_test")
            .output()
            .expect("run");
        (
            output.status.code(),
            String::from_utf8(output.stderr).expect("UTF-8"),
        )
    };
    let (code, err) = command(&["auth", "list"]);
    assert_eq!(
        (code, err),
        (
            Some(1),
            format!("error: no Posthouse at {closed}; start one with `posthouse serve --dev`\n")
        )
    );
    let (_, err) = command(&["auth", "list", "--json"]);
    let body: Value = serde_json::from_str(&err).expect("JSON on standard error");
    assert_eq!(body["error"]["type"], "unreachable");
}

#[test]
fn answer_of_something_else_is_recognised() {
    let server = Scripted::start(&[("GET /v3/webhooks", 502, "<html>bad gateway</html>")]);
    let ended = run(&server, &["webhook", "list"]);
    assert_eq!(ended.code, 1);
    assert!(
        ended.err.contains("answered HTTP 502, but not in the form"),
        "{}",
        ended.err
    );
}

#[test]
fn usage_errors_exit_2_and_are_json_on_request() {
    let home = tempfile::tempdir().expect("temporary directory");
    for arguments in [
        &["nonsense"][..],
        &["agent", "account", "create"],
        &["serve", "--colour"],
        &[],
    ] {
        assert_eq!(run_in(home.path(), arguments).code, 2, "{arguments:?}");
    }
    let ended = run_in(home.path(), &["agent", "account", "create", "--json"]);
    let body: Value = serde_json::from_str(&ended.err).expect("JSON on standard error");
    assert_eq!(
        (ended.code, body["error"]["type"].as_str()),
        (2, Some("usage"))
    );
}

#[test]
fn commands_lists_everything_without_server_or_profile() {
    let home = tempfile::tempdir().expect("temporary directory");
    let ended = run_in(home.path(), &["commands", "--json"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let body = ended.json();
    let names: Vec<&str> = body["commands"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["command"].as_str())
        .collect();
    for name in [
        "serve",
        "init",
        "agent account create",
        "agent status",
        "auth list",
        "email list",
        "webhook create",
        "api-key revoke",
        "doctor",
        "commands",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    assert!(!names.contains(&"config-reference"));
    assert!(
        run_in(home.path(), &["commands"])
            .out
            .contains("posthouse agent account create")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_has_no_room_is_a_failure() {
    let home = tempfile::tempdir().expect("temporary directory");
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("a disk without room");
    let ended = bare(&["commands", "--json"], home.path())
        .stdout(full)
        .output()
        .expect("run");
    assert_eq!(ended.status.code(), Some(1));
    let body: Value = serde_json::from_slice(&ended.stderr).expect("JSON on standard error");
    assert_eq!(body["error"]["type"], "local_error");
}
