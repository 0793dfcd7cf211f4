//! What an operator relies on: health, metrics, the ready file, safe defaults.

use std::process::Stdio;

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Posthouse, binary};
use tokio::process::Command;

#[tokio::test]
async fn health_readiness_and_metrics_are_answered_on_loopback_without_a_key() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    server.deliver(&Letter::to(&account.email)).await;
    let api = server.api().without_key();
    api.get("/healthz").await.expect(200);
    api.get("/readyz").await.expect(200);
    let metrics = api.get("/metrics").await.expect(200).text();
    assert!(
        metrics.lines().any(|line| line.starts_with("posthouse_")),
        "{metrics}"
    );
    for leak in [
        account.email.as_str(),
        "buyer@shop.example",
        account.id.as_str(),
    ] {
        assert!(!metrics.contains(leak), "metrics name {leak}");
    }
}

#[tokio::test]
async fn the_log_tells_no_secrets_and_no_content() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    server
        .deliver(
            &Letter::to(&account.email)
                .subject("canary-subject")
                .text("canary-text\n"),
        )
        .await;
    server.wait_for_messages(&account, 1).await;
    let log = server.log();
    for secret in ["canary-subject", "canary-text", "buyer@shop.example"] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}

#[tokio::test]
async fn ops_03_dev_conveniences_refuse_an_address_that_others_can_reach() {
    let directory = tempfile_directory();
    for reachable in ["--http", "--smtp"] {
        let mut command = Command::new(binary());
        command.args(["serve", "--dev"]);
        for listener in ["--http", "--smtp"] {
            let address = if listener == reachable {
                "0.0.0.0:0"
            } else {
                "127.0.0.1:0"
            };
            command.args([listener, address]);
        }
        for listener in ["--submission", "--submissions", "--imap", "--imaps"] {
            command.args([listener, "off"]);
        }
        command.arg("--data-dir").arg(directory.path().join("data"));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(posthouse_tests::deadline(), command.output()).await;
        let output = output
            .unwrap_or_else(|_| panic!("--dev serves on {reachable} 0.0.0.0"))
            .expect("the binary starts");
        assert!(!output.status.success());
        let complaint = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(
            complaint.contains("loopback") || complaint.contains("127.0.0.1"),
            "{complaint}"
        );
    }
}

#[tokio::test]
async fn the_first_key_outside_dev_goes_to_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile_directory();
    let data = directory.path().join("data");
    let ready = directory.path().join("ready.json");
    let mut command = Command::new(binary());
    command.args([
        "serve",
        "--http",
        "127.0.0.1:0",
        "--smtp",
        "127.0.0.1:0",
        "--hostname",
        "mx.example.org",
    ]);
    for listener in ["--submission", "--submissions", "--imap", "--imaps"] {
        command.args([listener, "off"]);
    }
    command
        .arg("--data-dir")
        .arg(&data)
        .arg("--ready-file")
        .arg(&ready);
    let log = std::fs::File::create(directory.path().join("log")).expect("a log file");
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log file"))
        .stderr(log)
        .kill_on_drop(true);
    let mut process = command.spawn().expect("the binary starts");
    let text = posthouse_tests::eventually("the server to be ready", async || {
        if let Some(status) = process.try_wait().expect("the state of a child") {
            let log = std::fs::read_to_string(directory.path().join("log")).unwrap_or_default();
            panic!("the server ended ({status}): {log}");
        }
        std::fs::read_to_string(&ready).ok()
    })
    .await;
    let ready: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(
        ready.get("api_key").is_none_or(serde_json::Value::is_null),
        "{ready}"
    );
    let key_file = data.join("first-key");
    let mode = std::fs::metadata(&key_file)
        .expect("the first key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = std::fs::read_to_string(&key_file).expect("the first key");
    let key = key.trim();
    assert!(
        key.starts_with("phk_") && key.len() == 47,
        "{} characters",
        key.len()
    );
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap_or_default();
    assert!(!log.contains(key), "the first key is in the log");
    process.kill().await.expect("the server is killed");
}

fn tempfile_directory() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("posthouse-test-")
        .tempdir()
        .expect("a temporary directory")
}
