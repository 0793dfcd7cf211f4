//! The official command line decodes strictly: a field of another JSON type fails the whole command. A missing field, or null, is always fine.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

/// The JSON types that decoders tell apart.
#[derive(Clone, Copy, Debug)]
enum Type {
    Text,
    Integer,
    Flag,
    Object,
    Texts,
    People,
    Headers,
    TextMap,
    Attachments,
}

impl Type {
    fn admits(self, value: &Value) -> bool {
        let each = |is_one: fn(&Value) -> bool| {
            value.as_array().is_some_and(|rows| rows.iter().all(is_one))
        };
        match self {
            Self::Text => value.is_string(),
            // Neither a fraction nor a number in quotes.
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Texts => each(Value::is_string),
            Self::People => {
                each(|person| person["name"].is_string() && person["email"].is_string())
            }
            Self::Headers => {
                each(|header| header["name"].is_string() && header["value"].is_string())
            }
            Self::TextMap => value
                .as_object()
                .is_some_and(|map| map.values().all(Value::is_string)),
            Self::Attachments => each(|one| {
                let texts = ["id", "filename", "content_type"]
                    .iter()
                    .all(|field| one[field].is_string());
                let content_id = one["content_id"].is_string() || one["content_id"].is_null();
                texts && content_id && one["size"].is_u64() && one["is_inline"].is_boolean()
            }),
        }
    }
}

#[track_caller]
fn assert_types(object: &Value, fields: &[(&str, Type)]) {
    for (field, expected) in fields {
        let value = &object[field];
        assert!(
            value.is_null() || expected.admits(value),
            "{field} is no {expected:?}: {object}"
        );
    }
}

#[track_caller]
fn assert_present(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(
            object.get(field).is_some_and(|value| !value.is_null()),
            "{field} is missing: {object}"
        );
    }
}

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
    let fields = [
        ("id", Type::Text),
        ("grant_id", Type::Text),
        ("thread_id", Type::Text),
        ("subject", Type::Text),
        ("body", Type::Text),
        ("snippet", Type::Text),
        ("raw_mime", Type::Text),
        ("object", Type::Text),
        ("from", Type::People),
        ("to", Type::People),
        ("cc", Type::People),
        ("bcc", Type::People),
        ("reply_to", Type::People),
        ("date", Type::Integer),
        ("created_at", Type::Integer),
        ("unread", Type::Flag),
        ("starred", Type::Flag),
        ("folders", Type::Texts),
        ("attachments", Type::Attachments),
        ("headers", Type::Headers),
        ("metadata", Type::TextMap),
    ];
    for message in [&listed, &found, &raw] {
        assert_types(message, &fields);
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
        assert_types(
            &json!({"attachments": [attachment]}),
            &[("attachments", Type::Attachments)],
        );
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
        let texts = [
            "id",
            "grant_id",
            "name",
            "parent_id",
            "background_color",
            "text_color",
        ];
        assert_types(&folder, &texts.map(|field| (field, Type::Text)));
        assert_types(
            &folder,
            &[("system_folder", Type::Flag), ("attributes", Type::Texts)],
        );
        assert_types(
            &folder,
            &[
                ("total_count", Type::Integer),
                ("unread_count", Type::Integer),
                ("child_count", Type::Integer),
            ],
        );
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
        assert_types(
            &connector,
            &[("provider", Type::Text), ("settings", Type::Object)],
        );
    }
    let grant = server
        .api()
        .get(&format!("/v3/grants/{}", account.id))
        .await
        .expect(200)
        .data();
    assert_types(
        &grant,
        &[
            "id",
            "provider",
            "grant_status",
            "email",
            "name",
            "workspace_id",
        ]
        .map(|field| (field, Type::Text)),
    );
    assert_types(
        &grant,
        &[
            ("scope", Type::Texts),
            ("blocked", Type::Flag),
            ("settings", Type::Object),
        ],
    );
    assert_types(
        &grant,
        &[("created_at", Type::Integer), ("updated_at", Type::Integer)],
    );
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
        assert_types(
            &webhook,
            &[
                ("trigger_types", Type::Texts),
                ("notification_email_addresses", Type::Texts),
            ],
        );
        assert_types(
            &webhook,
            &["status_updated_at", "created_at", "updated_at"].map(|field| (field, Type::Integer)),
        );
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
