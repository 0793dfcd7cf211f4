//! `agent account`, `agent status`, `auth list`.

use serde_json::json;

use crate::command::{run, run_with_input};
use crate::scripted::Scripted;

/// A grant as the API shows it.
fn grant(id: &str, email: &str) -> String {
    json!({
        "id": id, "provider": "nylas", "grant_status": "valid", "email": email, "name": "Sales Agent", "scope": [],
        "settings": {"plus_addressing": true}, "blocked": false, "workspace_id": "w-1", "protocol_access": false,
        "created_at": 1_790_000_000, "updated_at": 1_790_000_000
    })
    .to_string()
}

fn one(grant: &str) -> String {
    format!(r#"{{"request_id":"r-1","data":{grant}}}"#)
}

#[test]
fn create_sends_the_founding_body_and_prints_id_status_and_connector() {
    let answer = one(&grant("g-1", "agent@x.example"));
    let server = Scripted::start(&[("POST /v3/connect/custom", 201, &answer)]);
    let ended = run(
        &server,
        &[
            "agent",
            "account",
            "create",
            "agent@x.example",
            "--name",
            "Sales Agent",
            "--workspace",
            "w-1",
            "--app-password",
            "MySecureP4ssword!2024",
        ],
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    let asked = &server.asked()[0];
    assert_eq!(asked.authorization, "Bearer phk_test");
    assert_eq!(
        asked.body,
        json!({"provider": "nylas", "name": "Sales Agent", "workspace_id": "w-1",
               "settings": {"email": "agent@x.example", "app_password": "MySecureP4ssword!2024"}})
    );
    for shown in [
        "g-1",
        "agent@x.example",
        "valid",
        "w-1",
        "nylas",
        "API only",
        "posthouse email list agent@x.example",
    ] {
        assert!(
            ended.out.contains(shown),
            "{shown} is missing in:\n{}",
            ended.out
        );
    }
    assert!(!ended.out.contains('\u{1b}'), "no colour into a pipe");
}

#[test]
fn create_without_options_sends_nothing_but_the_address() {
    let answer = one(&grant("g-1", "agent@x.example"));
    let server = Scripted::start(&[("POST /v3/connect/custom", 201, &answer)]);
    let ended = run(
        &server,
        &["agent", "account", "create", "agent@x.example", "--json"],
    );
    assert_eq!(ended.out.trim_end(), answer, "verbatim");
    assert_eq!(
        server.asked()[0].body,
        json!({"provider": "nylas", "settings": {"email": "agent@x.example"}})
    );
}

#[test]
fn password_is_read_from_standard_input_on_request() {
    let answer = one(&grant("g-1", "agent@x.example"));
    let server = Scripted::start(&[("POST /v3/connect/custom", 201, &answer)]);
    let arguments = [
        "agent",
        "account",
        "create",
        "agent@x.example",
        "--app-password",
        "-",
    ];
    let ended = run_with_input(&server, &arguments, "FromStandardInput2024\n");
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(
        server.asked()[0].body["settings"]["app_password"],
        "FromStandardInput2024"
    );
}

#[test]
fn create_on_an_unknown_domain_says_so_and_exits_3() {
    let body = r#"{"request_id":"r-9","error":{"type":"api.not_found_error","message":"Provisioning the account failed: Domain not found","fix":"register x.example first"}}"#;
    let server = Scripted::start(&[("POST /v3/connect/custom", 404, body)]);
    let ended = run(&server, &["agent", "account", "create", "agent@x.example"]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""));
    assert_eq!(
        ended.err,
        "error: Provisioning the account failed: Domain not found\n  fix: register x.example first\n  request: r-9\n"
    );
    let ended = run(
        &server,
        &["agent", "account", "create", "agent@x.example", "--json"],
    );
    assert_eq!(
        (ended.code, ended.out.as_str(), ended.err.trim_end()),
        (3, "", body)
    );
}

#[test]
fn list_pages_until_a_page_is_short() {
    let page = |first: usize, count: usize| {
        let rows: Vec<String> = (first..first + count)
            .map(|n| grant(&format!("g-{n}"), &format!("a{n}@x.example")))
            .collect();
        format!(
            r#"{{"request_id":"r","data":[{}],"limit":200,"offset":{first}}}"#,
            rows.join(",")
        )
    };
    let (first, second, third) = (page(0, 200), page(200, 200), page(400, 3));
    let server = Scripted::start(&[
        ("GET /v3/grants?limit=200", 200, &first),
        ("GET /v3/grants?limit=200&offset=200", 200, &second),
        ("GET /v3/grants?limit=200&offset=400", 200, &third),
    ]);
    let ended = run(&server, &["agent", "account", "list"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(ended.out.lines().count(), 404, "a header and 403 accounts");
    assert!(ended.out.contains("a402@x.example"));
    let ended = run(&server, &["auth", "list", "--json"]);
    assert_eq!(ended.json()["data"].as_array().expect("rows").len(), 403);
}

#[test]
fn list_of_one_page_is_verbatim_and_empty_list_says_what_to_do() {
    let body = r#"{"request_id":"r",   "data":[],"limit":200,"offset":0}"#;
    let server = Scripted::start(&[("GET /v3/grants?limit=200", 200, body)]);
    let ended = run(&server, &["agent", "account", "list", "--json"]);
    assert_eq!(ended.out.trim_end(), body);
    for arguments in [&["agent", "account", "list"][..], &["auth", "list"]] {
        let ended = run(&server, arguments);
        assert_eq!(ended.code, 0);
        assert!(
            ended.out.contains("posthouse agent account create"),
            "{}",
            ended.out
        );
    }
}

#[test]
fn get_takes_an_address_or_an_id() {
    let answer = one(&grant("g-1", "a+b@x.example"));
    let server = Scripted::start(&[
        ("GET /v3/grants/a%2Bb@x.example", 200, &answer),
        ("GET /v3/grants/g-1", 200, &answer),
    ]);
    for account in ["a+b@x.example", "g-1"] {
        let ended = run(&server, &["agent", "account", "get", account]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(
            ended.out.contains("Sales Agent") && ended.out.contains("2026-09-21 14:13"),
            "{}",
            ended.out
        );
    }
    assert_eq!(
        run(&server, &["agent", "account", "get", "nobody@x.example"]).code,
        3
    );
}

#[test]
fn update_sends_only_what_changes() {
    let answer = one(&grant("g-1", "a@x.example"));
    let server = Scripted::start(&[("PATCH /v3/grants/a@x.example", 200, &answer)]);
    let ended = run(
        &server,
        &["agent", "account", "update", "a@x.example", "--name", "New"],
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(server.asked()[0].body, json!({"name": "New"}));
    let ended = run(&server, &["agent", "account", "update", "a@x.example"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("--name, --app-password or --workspace"),
        "{}",
        ended.err
    );
}

#[test]
fn delete_goes_by_id_and_needs_a_yes() {
    let answer = one(&grant("g-1", "a@x.example"));
    let server = Scripted::start(&[
        ("GET /v3/grants/a@x.example", 200, &answer),
        ("DELETE /v3/grants/g-1", 200, r#"{"request_id":"r-2"}"#),
    ]);
    let refused = run(&server, &["agent", "account", "delete", "a@x.example"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("add --yes"), "{}", refused.err);
    assert_eq!(server.lines(), ["GET /v3/grants/a@x.example"]);
    let ended = run(
        &server,
        &["agent", "account", "delete", "a@x.example", "--yes"],
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(
        server.lines().last().map(String::as_str),
        Some("DELETE /v3/grants/g-1")
    );
    let ended = run(
        &server,
        &[
            "agent",
            "account",
            "delete",
            "a@x.example",
            "--yes",
            "--json",
        ],
    );
    assert_eq!(ended.out.trim_end(), r#"{"request_id":"r-2"}"#);
}

#[test]
fn status_is_ready_with_a_connector_and_fails_without() {
    let connectors = r#"{"request_id":"r","data":[{"provider":"nylas","name":"nylas","settings":{},"scope":[]}]}"#;
    let grants = format!(
        r#"{{"request_id":"r","data":[{}]}}"#,
        grant("g-1", "a@x.example")
    );
    let server = Scripted::start(&[
        ("GET /v3/connectors", 200, connectors),
        ("GET /v3/grants?limit=200", 200, &grants),
    ]);
    let ended = run(&server, &["agent", "status"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("ready") && ended.out.contains("1, all valid"),
        "{}",
        ended.out
    );
    assert_eq!(
        run(&server, &["agent", "status", "--json"]).out.trim_end(),
        connectors
    );
    let empty = Scripted::start(&[("GET /v3/connectors", 200, r#"{"request_id":"r","data":[]}"#)]);
    let ended = run(&empty, &["agent", "status"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("Not ready"), "{}", ended.out);
}
