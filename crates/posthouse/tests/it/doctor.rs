//! `doctor`.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::command::{run, run_in};
use crate::scripted::Scripted;

#[test]
fn healthy_server_passes_every_check() {
    let server = Scripted::start(&[
        ("GET /healthz", 200, "ok"),
        ("GET /readyz", 200, "ok"),
        (
            "GET /v3/applications",
            200,
            r#"{"request_id":"r","data":{"application_id":"app-1"}}"#,
        ),
        (
            "GET /v3/connectors",
            200,
            r#"{"request_id":"r","data":[{"provider":"nylas"}]}"#,
        ),
        (
            "GET /v3/admin/domains?limit=200",
            200,
            r#"{"request_id":"r","data":[{"domain_address":"agents.localhost","verified_ownership":true}]}"#,
        ),
    ]);
    let ended = run(&server, &["doctor", "--json"]);
    assert_eq!(ended.code, 0, "{} {}", ended.out, ended.err);
    let report = ended.json();
    assert_eq!(report["healthy"], true);
    let names: Vec<&str> = report["checks"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "profile",
            "reachable",
            "ready",
            "clock",
            "API key",
            "connector",
            "domains"
        ]
    );
    assert!(
        report["checks"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|row| row["status"] == "ok"),
        "{report}"
    );
}

#[test]
fn broken_server_fails_with_a_fix_for_each_failure() {
    let server = Scripted::start(&[
        ("GET /healthz", 200, "ok"),
        ("GET /readyz", 503, "disk full"),
        (
            "GET /v3/applications",
            401,
            r#"{"request_id":"r","error":{"type":"unauthorized","message":"Unauthorized"}}"#,
        ),
    ]);
    let ended = run(&server, &["doctor"]);
    assert_eq!(ended.code, 1);
    for shown in [
        "fail",
        "disk full",
        "Unauthorized",
        "→ use a valid API key: posthouse init",
    ] {
        assert!(
            ended.out.contains(shown),
            "{shown} is missing in:\n{}",
            ended.out
        );
    }
}

#[test]
fn remark_of_a_server_that_works_is_a_warning() {
    let server = Scripted::start(&[
        ("GET /healthz", 200, "ok"),
        (
            "GET /readyz",
            200,
            r#"{"request_id":"r","data":{"status":"ready","notes":["the disk is slow"]}}"#,
        ),
    ]);
    let report = run(&server, &["doctor", "--json"]).json();
    let ready = &report["checks"][2];
    assert_eq!(ready["name"], "ready");
    assert_eq!(ready["status"], "warn");
    assert_eq!(ready["detail"], "the disk is slow");
}

#[test]
fn data_directory_open_to_others_is_a_warning_with_the_command_to_run() {
    let home = tempfile::tempdir().expect("temporary directory");
    let data = home.path().join("data");
    std::fs::create_dir(&data).expect("directory");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).expect("mode");
    let path = data.to_str().expect("UTF-8");
    let ended = run_in(home.path(), &["doctor", "--data-dir", path]);
    assert_eq!(ended.code, 1, "there is no profile");
    assert!(
        ended.out.contains("mode 0755") && ended.out.contains(&format!("chmod 700 {path}")),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("disk space"), "{}", ended.out);
}

#[test]
fn what_mail_needs_is_checked_where_it_is_asked_for() {
    let server = Scripted::start(&[
        ("GET /healthz", 200, "ok"),
        (
            "GET /v3/webhooks/ip-addresses",
            200,
            r#"{"request_id":"r","data":{"ip_addresses":[],"updated_at":1}}"#,
        ),
    ]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let open = listener.local_addr().expect("an address").to_string();
    let greeter = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a connection");
        peer.write_all(b"220 mx.example.org ESMTP\r\n")
            .expect("a greeting");
    });
    let mail = |probe: &str| {
        let dns = ["--dns", "127.0.0.1:53"];
        run(
            &server,
            &[&["doctor", "--json", "--mail", "--probe", probe], &dns[..]].concat(),
        )
        .json()
    };
    let check = |report: &serde_json::Value, name: &str| {
        let rows = report["checks"].as_array().expect("rows").clone();
        let row = rows.into_iter().find(|row| row["name"] == name);
        row.expect("the check")
    };
    let report = mail(&open);
    greeter.join().expect("greeted");
    assert_eq!(check(&report, "addresses")["status"], "warn");
    let way_out = check(&report, "outbound port 25");
    assert_eq!(way_out["status"], "ok", "{way_out}");
    assert_eq!(way_out["detail"], "220 mx.example.org ESMTP");
    let shut = check(&mail(&open), "outbound port 25");
    assert_eq!(shut["status"], "fail");
    assert!(
        shut["fix"]
            .as_str()
            .is_some_and(|fix| fix.contains("relay"))
    );
}
