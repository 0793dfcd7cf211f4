//! The official command line decodes strictly: a field of another JSON type fails the whole command. A missing field, or null, is always fine.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::json;

use super::strict::{ATTACHMENT, FOLDER, GRANT, MESSAGE, WEBHOOK, assert_decodes, assert_present};

#[tokio::test]
async fn messages_attachments_and_folders_decode() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let letter = Letter::to(&account.email)
        .html("<p>x</p>")
        .file("a.txt", "text/plain", b"attached")
        .header("Reply-To: other@shop.example")
        .header("Cc: Team <team@shop.example>");
    server.deliver(&letter).await;
    let base = format!("/v3/grants/{}", account.id);
    let listed = server
        .api()
        .get(&format!("{base}/messages?fields=include_headers"))
        .await
        .expect(200)
        .data()[0]
        .clone();
    let id = listed["id"].as_str().expect("an id").to_owned();
    let found = server
        .api()
        .get(&format!("{base}/messages/{id}"))
        .await
        .expect(200)
        .data();
    let raw = server
        .api()
        .get(&format!("{base}/messages/{id}?fields=raw_mime"))
        .await
        .expect(200)
        .data();
    assert_present(&raw, &["grant_id", "object", "id", "raw_mime"]);
    for message in [&listed, &found, &raw] {
        assert_decodes(message, MESSAGE);
    }
    let needed = [
        "id",
        "grant_id",
        "thread_id",
        "object",
        "subject",
        "from",
        "to",
        "cc",
        "bcc",
        "reply_to",
        "date",
        "created_at",
    ];
    assert_present(&found, &needed);
    assert_present(
        &found,
        &[
            "unread",
            "starred",
            "answered",
            "folders",
            "snippet",
            "body",
            "attachments",
            "metadata",
        ],
    );
    assert_eq!(
        found["reply_to"],
        json!([{"name": "", "email": "other@shop.example"}])
    );
    assert_eq!(
        found["cc"],
        json!([{"name": "Team", "email": "team@shop.example"}])
    );

    let attachment = found["attachments"][0]["id"].as_str().expect("an id");
    for path in [
        format!("{base}/attachments/{attachment}?message_id={id}"),
        format!("{base}/messages/{id}/attachments/{attachment}"),
    ] {
        let attachment = server.api().get(&path).await.expect(200).data();
        assert_decodes(&attachment, ATTACHMENT);
    }
    server
        .api()
        .get(&format!("{base}/attachments/{attachment}"))
        .await
        .expect(400);
    for folder in server
        .api()
        .get(&format!("{base}/folders"))
        .await
        .expect(200)
        .rows()
    {
        assert_decodes(&folder, FOLDER);
        assert_present(
            &folder,
            &[
                "id",
                "grant_id",
                "name",
                "object",
                "total_count",
                "unread_count",
            ],
        );
    }
}

#[tokio::test]
async fn tenants_grants_and_webhooks_decode() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let account = server.create_account("agent").await;
    let application = server
        .api()
        .get("/v3/applications")
        .await
        .expect(200)
        .data();
    assert_present(
        &application,
        &[
            "application_id",
            "organization_id",
            "region",
            "environment",
            "branding",
        ],
    );
    assert!(application["branding"]["name"].is_string(), "{application}");
    assert!(application["callback_uris"].is_array(), "{application}");
    for connector in server.api().get("/v3/connectors").await.expect(200).rows() {
        assert!(connector["provider"].is_string(), "{connector}");
        assert!(connector["settings"].is_null() || connector["settings"].is_object());
    }
    let grant = server
        .api()
        .get(&format!("/v3/grants/{}", account.id))
        .await
        .expect(200)
        .data();
    assert_decodes(&grant, GRANT);
    assert_present(
        &grant,
        &[
            "id",
            "provider",
            "grant_status",
            "email",
            "scope",
            "workspace_id",
            "created_at",
        ],
    );

    let body = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
    let created = server
        .api()
        .post("/v3/webhooks", body)
        .await
        .expect(200)
        .data();
    let found = server
        .api()
        .get(&format!(
            "/v3/webhooks/{}",
            created["id"].as_str().unwrap_or_default()
        ))
        .await
        .expect(200)
        .data();
    assert!(
        created["webhook_secret"].is_string() && found.get("webhook_secret").is_none(),
        "{found}"
    );
    for webhook in [created, found] {
        assert_decodes(&webhook, WEBHOOK);
        let needed = [
            "id",
            "trigger_types",
            "webhook_url",
            "status",
            "notification_email_addresses",
        ];
        assert_present(&webhook, &needed);
        assert_present(&webhook, &["status_updated_at", "created_at", "updated_at"]);
    }
}
