//! The main flow again, on the stores of a larger installation: PostgreSQL, and S3 for what is too large for a row.

use posthouse_tests::database::{Bucket, Database};
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::json;

/// Bytes of an attachment that does not compress and so lands in the blob store, not in a row.
const LARGE_ATTACHMENT_BYTES: usize = 300_000;

#[tokio::test]
async fn the_main_flow_works_on_postgresql() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    walk(Posthouse::start_with(options).await).await;
}

#[tokio::test]
async fn the_main_flow_works_on_s3() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let options = Options {
        bucket: Some(bucket),
        ..Options::default()
    };
    walk(Posthouse::start_with(options).await).await;
}

#[tokio::test]
async fn the_main_flow_works_on_postgresql_with_s3() {
    let Some(database) = Database::create().await else {
        return;
    };
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let options = Options {
        database: Some(database),
        bucket: Some(bucket),
        ..Options::default()
    };
    walk(Posthouse::start_with(options).await).await;
}

#[tokio::test]
async fn the_main_flow_works_on_the_embedded_store() {
    walk(Posthouse::start().await).await;
}

/// Creates, receives, reads, notifies, restarts, deletes.
async fn walk(mut server: Posthouse) {
    let receiver = WebhookReceiver::start().await;
    let hook = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
    let secret = server
        .api()
        .post("/v3/webhooks", hook)
        .await
        .expect(200)
        .text_of("webhook_secret");
    let account = server.create_account("agent").await;
    let second = server.create_account("second").await;

    let small = Letter::to(&account.email)
        .and_to(&second.email)
        .subject("Small");
    server.deliver(&small).await;
    let bytes: Vec<u8> = (0..LARGE_ATTACHMENT_BYTES)
        .map(|_| rand::random())
        .collect();
    let large = Letter::to(&account.email).subject("Large").file(
        "noise.bin",
        "application/octet-stream",
        &bytes,
    );
    server.deliver(&large).await;

    let subjects = |messages: &[serde_json::Value]| -> Vec<String> {
        messages
            .iter()
            .filter_map(|message| message["subject"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(
        subjects(&server.wait_for_messages(&account, 2).await),
        ["Large", "Small"]
    );
    assert_eq!(
        subjects(&server.wait_for_messages(&second, 1).await),
        ["Small"]
    );
    for subject in ["Small", "Large"] {
        let is_about = |request: &posthouse_tests::webhook::Received| {
            request.json()["data"]["object"]["subject"] == subject
        };
        let notification = receiver.wait_for(subject, is_about).await;
        assert!(notification.is_signed_with(&secret));
    }

    server.restart().await;
    let messages = server.wait_for_messages(&account, 2).await;
    let attachment = messages[0]["attachments"][0]["id"]
        .as_str()
        .expect("an attachment");
    let message = messages[0]["id"].as_str().expect("an id");
    let path = format!(
        "/v3/grants/{}/messages/{message}/attachments/{attachment}/download",
        account.id
    );
    assert!(
        server.api().get(&path).await.expect(200).bytes == bytes,
        "the attachment came back different"
    );

    server
        .api()
        .delete(&format!("/v3/grants/{}", account.id))
        .await
        .expect(200);
    server.api().get(&path).await.expect(404);
    assert_eq!(
        subjects(&server.wait_for_messages(&second, 1).await),
        ["Small"]
    );
}
