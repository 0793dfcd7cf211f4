//! The official SDKs, unmodified, walk through the API: one script for each family in `tests/sdk`, each against a server of its own.
//!
//! The rows of the client contract that only a real SDK can show are met here: the headers of N-1 and P-1 on every request, N-4 and P-6 on
//! every answer, N-5, N-6, N-8 and P-2 by the lists, N-7, N-9 and P-3 by the paths and keys, N-10, N-11, P-7 and P-8 by what is sent, N-12 by
//! the downloads, N-14 by drafts, P-4 by the refusals and P-5 by the models.

use std::path::PathBuf;

use posthouse_tests::letter::Letter;
use posthouse_tests::server::{self, Account, Posthouse};
use posthouse_tests::tools;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::json;
use tokio::process::Command;

/// More than one page of the largest size.
const BULK_COUNT: usize = 205;

/// A domain that belongs to the application, as the trial domain does not.
const OWN_DOMAIN: &str = "walk.agents.localhost";

/// What the reader's mailbox holds when a walk begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mailbox {
    /// A message "Second" and the letter.
    Letters,
    /// Pages of messages "Bulk 000" and on, and the letter.
    Bulk,
}

#[tokio::test]
async fn the_python_sdk_manages_the_application_its_connectors_and_grants() {
    python("walk_tenancy.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_manages_the_application_its_connectors_and_grants() {
    node("walk_tenancy.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_manages_domains_by_signed_requests() {
    python("walk_domains.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_manages_domains_by_signed_requests() {
    node("walk_domains.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_groups_accounts_in_workspaces() {
    python("walk_workspaces.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_groups_accounts_in_workspaces() {
    node("walk_workspaces.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_keeps_policies_rules_and_lists() {
    python("walk_governance.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_keeps_policies_rules_and_lists() {
    node("walk_governance.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_is_told_what_quotas_rules_and_holds_decide() {
    python("walk_governed.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_is_told_what_quotas_rules_and_holds_decide() {
    node("walk_governed.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_pages_filters_and_reads_messages() {
    python("walk_messages.py", Mailbox::Bulk).await;
}

#[tokio::test]
async fn the_node_sdk_pages_filters_and_reads_messages() {
    node("walk_messages.mjs", Mailbox::Bulk).await;
}

#[tokio::test]
async fn the_python_sdk_marks_moves_cleans_and_deletes_messages() {
    python("walk_organising.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_marks_moves_cleans_and_deletes_messages() {
    node("walk_organising.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_keeps_folders() {
    python("walk_folders.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_keeps_folders() {
    node("walk_folders.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_follows_a_conversation_by_its_thread() {
    python("walk_threads.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_follows_a_conversation_by_its_thread() {
    node("walk_threads.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_downloads_attachments() {
    python("walk_attachments.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_downloads_attachments() {
    node("walk_attachments.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_sends_json_forms_raw_mime_and_replies() {
    python("walk_sending.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_sends_json_chunked_forms_and_replies() {
    node("walk_sending.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_keeps_drafts_and_sends_them() {
    python("walk_drafts.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_keeps_drafts_and_sends_them() {
    node("walk_drafts.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_schedules_messages_and_stops_them() {
    python("walk_schedules.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_schedules_messages_and_stops_them() {
    node("walk_schedules.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_sends_for_a_domain_without_an_account() {
    python("walk_transactional.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_sends_for_a_domain_without_an_account() {
    node("walk_transactional.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_keeps_contacts() {
    python("walk_contacts.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_keeps_contacts() {
    node("walk_contacts.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_manages_webhooks() {
    python("walk_webhooks.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_manages_webhooks() {
    node("walk_webhooks.mjs", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_python_sdk_understands_what_is_not_offered() {
    python("walk_unsupported.py", Mailbox::Letters).await;
}

#[tokio::test]
async fn the_node_sdk_understands_what_is_not_offered() {
    node("walk_unsupported.mjs", Mailbox::Letters).await;
}

async fn python(script: &str, mailbox: Mailbox) {
    let Some(python) = tools::python() else {
        return;
    };
    let mut command = Command::new(python);
    command
        .arg(tools::source_file(&format!("sdk/python/{script}")))
        .env("PYTHONUTF8", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    walk(command, mailbox).await;
}

async fn node(script: &str, mailbox: Mailbox) {
    let Some(modules) = tools::node_modules() else {
        return;
    };
    let Some(node) = tools::program("node") else {
        return;
    };
    let mut command = Command::new(node);
    command
        .arg(tools::source_file(&format!("sdk/node/{script}")))
        .env("NODE_MODULES", modules);
    walk(command, mailbox).await;
}

/// Prepares the accounts that all scripts expect and runs one of them.
async fn walk(mut script: Command, mailbox: Mailbox) {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let reader = server.create_account("reader").await;
    let neighbour = server.create_account("neighbour").await;
    fill(&server, &reader, mailbox).await;
    let domain = json!({
        "name": "walk",
        "domain_address": OWN_DOMAIN,
        "application_id": server.ready().application_id,
    });
    let domain = server.api().post("/v3/admin/domains", domain).await;
    domain.expect(200);
    script
        .env("POSTHOUSE_URL", server.api().base())
        .env("POSTHOUSE_API_KEY", &server.ready().api_key);
    script
        .env("GRANT_ID", &reader.id)
        .env("NEIGHBOUR_ID", &neighbour.id)
        .env("HOOK_URL", receiver.url(""));
    script.env("SERVICE_ACCOUNT", service_account(&server).await);
    let output = tools::run_to_success(&mut script).await;
    let whole = output.stdout.ends_with("walked to the end\n");
    assert!(whole, "{}", output.stdout);
}

/// Makes a service account as an operator does, beside the running server; returns where its key is.
async fn service_account(server: &Posthouse) -> PathBuf {
    let (data_dir, key_file) = (
        server.data_directory(),
        server.data_directory().join("key.json"),
    );
    let made = Command::new(server::binary())
        .args([
            "admin",
            "service-account",
            "create",
            "--name",
            "walk",
            "--dev",
        ])
        .arg("--data-dir")
        .arg(data_dir)
        .arg("--output")
        .arg(&key_file)
        .status()
        .await;
    assert!(made.expect("the binary runs").success());
    key_file
}

async fn fill(server: &Posthouse, reader: &Account, mailbox: Mailbox) {
    let subjects = match mailbox {
        Mailbox::Letters => vec!["Second".to_owned()],
        Mailbox::Bulk => (0..BULK_COUNT)
            .map(|number| format!("Bulk {number:03}"))
            .collect(),
    };
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    for subject in subjects {
        let letter = Letter::to(&reader.email)
            .from("bulk@shop.example")
            .subject(&subject);
        smtp.send_letter(&letter).await.expect(250);
    }
    smtp.send_letter(&the_letter(reader)).await.expect(250);
    smtp.command("QUIT").await.expect(221);
}

/// The message that every walk finds, from somebody whose name takes encoding.
fn the_letter(reader: &Account) -> Letter {
    let bytes: Vec<u8> = (0..40).flat_map(|_| 0..=255u8).collect();
    let mut letter = Letter::to(&reader.email)
        .from("zoe@shop.example")
        .subject("=?utf-8?Q?Rechnung_f=C3=BCr_Zo=C3=AB?=")
        .text("Rechnung\n")
        .html("<p><b>Rechnung</b></p>")
        .header("X-Walk: kept as it came")
        .file("invoice.pdf", "application/pdf", &bytes);
    letter.from = "=?utf-8?Q?Zo=C3=AB_Buyer?= <zoe@shop.example>".to_owned();
    letter
}
