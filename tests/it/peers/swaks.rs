//! swaks, the tester's Swiss Army knife: one program run for each message.

use std::path::PathBuf;

use posthouse_tests::server::{Account, Posthouse};
use posthouse_tests::tools;
use tokio::process::Command;

/// Runs swaks with what a test adds, and expects the message to be taken.
async fn deliver(
    swaks: &PathBuf,
    server: &Posthouse,
    account: &Account,
    arguments: &[&str],
) -> String {
    let port = server.ready().smtp.port().to_string();
    let mut command = Command::new(swaks);
    command.args([
        "--server",
        "127.0.0.1",
        "--port",
        &port,
        "--ehlo",
        "peer.example",
    ]);
    command
        .args(["--from", "buyer@shop.example", "--to", &account.email])
        .args(arguments);
    tools::run_to_success(&mut command).await.stdout
}

#[tokio::test]
async fn swaks_delivers_in_the_clear_and_over_starttls() {
    let Some(swaks) = tools::program("swaks") else {
        return;
    };
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    deliver(
        &swaks,
        &server,
        &account,
        &["--header", "Subject: clear", "--body", "In the clear."],
    )
    .await;
    deliver(
        &swaks,
        &server,
        &account,
        &["--header", "Subject: sealed", "--body", "Sealed.", "--tls"],
    )
    .await;
    let messages = server.wait_for_messages(&account, 2).await;
    assert_eq!(messages[0]["subject"], "sealed");
    assert_eq!(messages[1]["subject"], "clear");
    assert_eq!(
        messages[1]["body"].as_str().map(str::trim),
        Some("In the clear.")
    );

    let protocol_of = async |id: &str| {
        let path = format!(
            "/v3/grants/{}/messages/{id}?fields=include_headers",
            account.id
        );
        let headers = server.api().get(&path).await.expect(200).data()["headers"].clone();
        let received = headers
            .as_array()
            .and_then(|headers| headers.iter().find(|header| header["name"] == "Received"))
            .cloned();
        received
            .map(|header| header["value"].as_str().unwrap_or_default().to_owned())
            .unwrap_or_default()
    };
    let sealed = protocol_of(messages[0]["id"].as_str().unwrap_or_default()).await;
    assert!(sealed.contains("with ESMTPS"), "{sealed}");
    let clear = protocol_of(messages[1]["id"].as_str().unwrap_or_default()).await;
    assert!(
        clear.contains("with ESMTP") && !clear.contains("ESMTPS"),
        "{clear}"
    );
}

#[tokio::test]
async fn swaks_delivers_with_the_old_greeting_and_without_pipelining() {
    let Some(swaks) = tools::program("swaks") else {
        return;
    };
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    deliver(
        &swaks,
        &server,
        &account,
        &["--protocol", "SMTP", "--header", "Subject: helo"],
    )
    .await;
    deliver(
        &swaks,
        &server,
        &account,
        &["--pipeline", "--header", "Subject: pipelined"],
    )
    .await;
    let messages = server.wait_for_messages(&account, 2).await;
    assert_eq!(messages[0]["subject"], "pipelined");
    assert_eq!(messages[1]["subject"], "helo");
}

#[tokio::test]
async fn swaks_delivers_attachments_that_come_back_as_they_were() {
    let Some(swaks) = tools::program("swaks") else {
        return;
    };
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("noise.bin");
    let bytes: Vec<u8> = (0..50_000).map(|_| rand::random()).collect();
    std::fs::write(&path, &bytes).expect("a file");
    let attach = format!("@{}", path.display());
    let arguments = [
        "--header",
        "Subject: attached",
        "--attach-type",
        "application/x-noise",
        "--attach-name",
        "noise.bin",
        "--attach",
        &attach,
    ];
    deliver(&swaks, &server, &account, &arguments).await;
    let messages = server.wait_for_messages(&account, 1).await;
    let attachments = messages[0]["attachments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let found = attachments
        .iter()
        .find(|attachment| attachment["filename"] == "noise.bin");
    let attachment = found.unwrap_or_else(|| panic!("{attachments:?}"));
    assert_eq!(attachment["content_type"], "application/x-noise");
    assert_eq!(attachment["size"], bytes.len());
    let id = attachment["id"].as_str().unwrap_or_default();
    let message = messages[0]["id"].as_str().unwrap_or_default();
    let download = format!(
        "/v3/grants/{}/attachments/{id}/download?message_id={message}",
        account.id
    );
    assert!(
        server.api().get(&download).await.expect(200).bytes == bytes,
        "the attachment came back different"
    );
}

#[tokio::test]
async fn swaks_learns_that_a_recipient_is_unknown() {
    let Some(swaks) = tools::program("swaks") else {
        return;
    };
    let server = Posthouse::start().await;
    let port = server.ready().smtp.port().to_string();
    let mut command = Command::new(swaks);
    command.args([
        "--server",
        "127.0.0.1",
        "--port",
        &port,
        "--from",
        "buyer@shop.example",
        "--to",
        "nobody@agents.localhost",
    ]);
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .expect("swaks runs");
    let transcript = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(transcript.contains("550 5.1.1"), "{transcript}");
}
