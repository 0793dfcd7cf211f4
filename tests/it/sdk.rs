//! The official SDKs, unmodified, walk through the API. Their scripts are in `tests/sdk`.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use posthouse_tests::tools::{self, ScriptOutput};
use posthouse_tests::webhook::WebhookReceiver;
use tokio::process::Command;

/// More than one page of the largest size.
const BULK_COUNT: usize = 205;

#[tokio::test]
async fn the_python_sdk_walks_through_the_api() {
    let Some(python) = tools::python() else {
        return;
    };
    let mut script = Command::new(python);
    script
        .arg(tools::source_file("sdk/python/walk.py"))
        .env("PYTHONUTF8", "1");
    let output = walk(script).await;
    assert!(
        output.stdout.ends_with("walked to the end\n"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn the_node_sdk_walks_through_the_api() {
    let Some(modules) = tools::node_modules() else {
        return;
    };
    let Some(node) = tools::program("node") else {
        return;
    };
    let mut script = Command::new(node);
    script
        .arg(tools::source_file("sdk/node/walk.mjs"))
        .env("NODE_MODULES", modules);
    let output = walk(script).await;
    assert!(
        output.stdout.ends_with("walked to the end\n"),
        "{}",
        output.stdout
    );
}

/// Prepares the mailbox that both scripts expect and runs one of them.
async fn walk(mut script: Command) -> ScriptOutput {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let account = server.create_account("reader").await;
    fill(&server, &account).await;
    script
        .env("POSTHOUSE_URL", server.api().base())
        .env("POSTHOUSE_API_KEY", &server.ready().api_key);
    script
        .env("GRANT_ID", &account.id)
        .env("HOOK_URL", receiver.url(""));
    tools::run_to_success(&mut script).await
}

async fn fill(server: &Posthouse, account: &Account) {
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    for number in 0..BULK_COUNT {
        let letter = Letter::to(&account.email)
            .from("bulk@shop.example")
            .subject(&format!("Bulk {number:03}"));
        smtp.send_letter(&letter).await.expect(250);
    }
    let bytes: Vec<u8> = (0..40).flat_map(|_| 0..=255u8).collect();
    let mut special = Letter::to(&account.email)
        .from("zoe@shop.example")
        .subject("=?utf-8?Q?Rechnung_f=C3=BCr_Zo=C3=AB?=")
        .text("Rechnung\n")
        .html("<p><b>Rechnung</b></p>")
        .header("X-Walk: kept as it came")
        .file("invoice.pdf", "application/pdf", &bytes);
    special.from = "=?utf-8?Q?Zo=C3=AB_Buyer?= <zoe@shop.example>".to_owned();
    smtp.send_letter(&special).await.expect(250);
    smtp.command("QUIT").await.expect(221);
}
