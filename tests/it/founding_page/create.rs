//! `POST /v3/connect/custom`, and what becomes of the account it makes.

use posthouse_tests::server::Posthouse;
use serde_json::{Value, json};

fn is_uuid(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 36
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[tokio::test]
async fn one_call_with_a_name_makes_an_account_with_that_display_name() {
    let server = Posthouse::start().await;
    let body = json!({
        "provider": "nylas",
        "name": "Sales Agent",
        "settings": {"email": "sales-agent@agents.localhost"}
    });
    let answer = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201);
    let grant = answer.data();
    assert!(is_uuid(&grant["id"]), "{grant}");
    assert_eq!(grant["provider"], "nylas");
    assert_eq!(grant["grant_status"], "valid");
    assert_eq!(grant["email"], "sales-agent@agents.localhost");
    assert_eq!(grant["name"], "Sales Agent");
    assert_eq!(grant["scope"], json!([]));
    assert_eq!(grant["blocked"], false);
    assert!(
        grant["created_at"]
            .as_i64()
            .is_some_and(|seconds| seconds > 1_700_000_000),
        "{grant}"
    );
    assert!(is_uuid(&grant["workspace_id"]), "{grant}");

    let path = format!("/v3/grants/{}", answer.text_of("id"));
    let found = server.api().get(&path).await.expect(200).data();
    assert_eq!(found["name"], "Sales Agent");
    assert_eq!(found["created_at"], grant["created_at"]);
}

#[tokio::test]
async fn an_account_made_without_a_name_has_none_and_is_found_by_every_spelling_of_its_id() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let spellings = [
        account.id.clone(),
        format!("grant:{}", account.id),
        account.email.clone(),
        "AGENT%40agents.localhost".to_owned(),
        format!("email:{}", account.email),
    ];
    for spelling in spellings {
        let grant = server
            .api()
            .get(&format!("/v3/grants/{spelling}"))
            .await
            .expect(200)
            .data();
        assert_eq!(grant["id"], account.id.as_str(), "{spelling}");
        assert_eq!(grant["name"], "");
        assert_eq!(grant["protocol_access"], false);
    }
    for unknown in [
        "external:42",
        "nobody@agents.localhost",
        "01890000-0000-7000-8000-000000000000",
        "me2",
    ] {
        server
            .api()
            .get(&format!("/v3/grants/{unknown}"))
            .await
            .expect(404);
    }
    server.api().get("/v3/grants/me").await.expect(400);
}

#[tokio::test]
async fn a_new_account_has_the_six_system_folders() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let folders = server
        .api()
        .get(&format!("/v3/grants/{}/folders", account.id))
        .await
        .expect(200)
        .rows();
    let names: Vec<&str> = folders
        .iter()
        .filter_map(|folder| folder["name"].as_str())
        .collect();
    assert_eq!(
        names,
        ["Inbox", "Sent", "Drafts", "Trash", "Junk", "Archive"]
    );
    for folder in &folders {
        assert_eq!(folder["system_folder"], true);
        assert_eq!(folder["object"], "folder");
        assert_eq!(folder["total_count"], 0);
        assert_eq!(
            folder["attributes"],
            json!([format!("\\{}", folder["name"].as_str().unwrap_or_default())])
        );
    }
}

#[tokio::test]
async fn the_same_address_again_answers_the_same_account() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let body = json!({"provider": "nylas", "name": "Later", "settings": {"email": "Agent@Agents.localhost"}});
    let again = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .data();
    assert_eq!(again["id"], account.id.as_str());
    assert_eq!(again["name"], "Later");
    assert_eq!(again["email"], "agent@agents.localhost");
}

#[tokio::test]
async fn bodies_that_cannot_make_an_account_make_none() {
    let server = Posthouse::start().await;
    let refused = [
        (
            json!({"provider": "google", "settings": {"email": "a@agents.localhost"}}),
            "not_supported",
        ),
        (
            json!({"settings": {"email": "a@agents.localhost"}}),
            "invalid_request_error",
        ),
        (json!({"provider": "nylas"}), "invalid_request_error"),
        (
            json!({"provider": "nylas", "settings": {}}),
            "invalid_request_error",
        ),
        (
            json!({"provider": "nylas", "settings": {"email": 7}}),
            "invalid_request_error",
        ),
        (
            json!({"provider": "nylas", "settings": {"email": "no address"}}),
            "invalid_request_error",
        ),
        (
            json!({"provider": "nylas", "settings": {"email": "a+b@agents.localhost"}}),
            "invalid_request_error",
        ),
        (
            json!({"provider": "nylas", "settings": {"email": "\"a b\"@agents.localhost"}}),
            "invalid_request_error",
        ),
        (
            json!({"provider": "nylas", "name": "", "settings": {"email": "a@agents.localhost"}}),
            "invalid_request_error",
        ),
        (
            json!({"provider": "nylas", "name": "x".repeat(257), "settings": {"email": "a@agents.localhost"}}),
            "invalid_request_error",
        ),
    ];
    for (body, error_type) in refused {
        let answer = server
            .api()
            .post("/v3/connect/custom", body.clone())
            .await
            .expect(400);
        assert_eq!(answer.error_type(), error_type, "{body}: {}", answer.text());
    }
    assert_eq!(
        server.api().get("/v3/grants").await.expect(200).rows(),
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn an_unregistered_domain_is_named_in_the_fix_and_not_in_the_message() {
    let server = Posthouse::start().await;
    let body = json!({"provider": "nylas", "settings": {"email": "agent@nowhere.example"}});
    let answer = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(404);
    assert_eq!(answer.error_type(), "api.not_found_error");
    assert_eq!(
        answer.error_message(),
        "Provisioning the account failed: Domain not found"
    );
    let fix = answer.json()["error"]["fix"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(fix.contains("nowhere.example"), "{fix}");
    for word in ["maximum", "max", "limit"] {
        assert!(
            !answer.text().to_lowercase().contains(word),
            "{word}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_address_makes_a_new_one() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}", account.id);
    let deleted = server.api().delete(&path).await.expect(200).json();
    assert_eq!(
        deleted.as_object().map(|body| body.len()),
        Some(1),
        "{deleted}"
    );
    server.api().get(&path).await.expect(404);
    server.api().delete(&path).await.expect(404);
    server
        .api()
        .get(&format!("{path}/messages"))
        .await
        .expect(404);
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    smtp.command("MAIL FROM:<buyer@shop.example>")
        .await
        .expect(250);
    smtp.command("RCPT TO:<agent@agents.localhost>")
        .await
        .expect(550);
    assert_ne!(server.create_account("agent").await.id, account.id);
}

#[tokio::test]
async fn accounts_are_listed_newest_first_in_full_pages() {
    let server = Posthouse::start().await;
    let mut ids = Vec::new();
    for number in 0..12 {
        ids.insert(0, server.create_account(&format!("agent{number}")).await.id);
    }
    let listed = |answer: Value| -> Vec<String> {
        let rows = answer["data"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .filter_map(|grant| grant["id"].as_str().map(str::to_owned))
            .collect()
    };
    let first = server.api().get("/v3/grants").await.expect(200).json();
    assert_eq!((&first["limit"], &first["offset"]), (&json!(10), &json!(0)));
    assert!(first.get("next_cursor").is_none(), "{first}");
    assert_eq!(listed(first), ids[..10]);
    let second = server
        .api()
        .get("/v3/grants?limit=10&offset=10")
        .await
        .expect(200)
        .json();
    assert_eq!(listed(second), ids[10..]);
    let oldest = server
        .api()
        .get("/v3/grants?limit=3&order_by=asc")
        .await
        .expect(200)
        .json();
    assert_eq!(
        listed(oldest),
        [ids[11].clone(), ids[10].clone(), ids[9].clone()]
    );
    let one = server
        .api()
        .get("/v3/grants?email=AGENT4@agents.localhost")
        .await
        .expect(200)
        .json();
    assert_eq!(listed(one), [ids[7].clone()]);
    let others = server
        .api()
        .get("/v3/grants?provider=google")
        .await
        .expect(200)
        .json();
    assert_eq!(listed(others), Vec::<String>::new());
    let clamped = server
        .api()
        .get("/v3/grants?limit=5000")
        .await
        .expect(200)
        .json();
    assert_eq!(clamped["limit"], 200);
    for wrong in [
        "limit=0",
        "limit=x",
        "limit=-1",
        "offset=-1",
        "sort_by=name",
        "order_by=up",
        "grant_status=odd",
    ] {
        let answer = server
            .api()
            .get(&format!("/v3/grants?{wrong}"))
            .await
            .expect(400);
        assert_eq!(answer.error_type(), "invalid_request_error", "{wrong}");
    }
}

#[tokio::test]
async fn changing_the_name_keeps_everything_else() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}", account.id);
    let before = server.api().get(&path).await.expect(200).data();
    let body = json!({"name": "Renamed", "settings": {"email": account.email}});
    let after = server.api().patch(&path, body).await.expect(200).data();
    assert_eq!(after["name"], "Renamed");
    for field in [
        "id",
        "email",
        "workspace_id",
        "created_at",
        "protocol_access",
        "grant_status",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let same = server
        .api()
        .put(&path, json!({"name": "Renamed"}))
        .await
        .expect(200)
        .data();
    assert_eq!(same["updated_at"], after["updated_at"]);
    let cleared = server
        .api()
        .patch(&path, json!({"name": null}))
        .await
        .expect(200)
        .data();
    assert_eq!(cleared["name"], "");
    server
        .api()
        .patch(&path, json!({"name": ""}))
        .await
        .expect(400);
    server
        .api()
        .patch(
            &path,
            json!({"settings": {"email": "other@agents.localhost"}}),
        )
        .await
        .expect(400);
}
