//! Accounts over HTTP: the shapes and statuses that clients rely on.

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::office::{Office, with_key};

fn body(email: &str) -> Value {
    json!({"provider": "nylas", "settings": {"email": email}})
}

#[tokio::test]
async fn a_new_account_is_answered_201_with_every_member_of_a_grant() {
    let office = Office::open().await;
    let mut wanted = body("Sales@agents.test");
    wanted["name"] = json!("Sales Agent");
    wanted["state"] = json!("ignored");
    wanted["colour"] = json!("blue");
    let made = office.post("/v3/connect/custom", wanted).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    assert_eq!(
        made.json["warnings"],
        json!(["unknown field ignored: colour"])
    );
    let grant = &made.json["data"];
    for (member, value) in [
        ("provider", json!("nylas")),
        ("grant_status", json!("valid")),
        ("email", json!("sales@agents.test")),
        ("name", json!("Sales Agent")),
        ("scope", json!([])),
        ("settings", json!({"plus_addressing": true})),
        ("blocked", json!(false)),
        ("protocol_access", json!(false)),
        ("storage_used", json!(0)),
        ("last_activity_at", Value::Null),
        ("suspended_reason", Value::Null),
    ] {
        assert_eq!(grant[member], value, "{member}");
    }
    for member in ["id", "workspace_id"] {
        assert!(grant[member].is_string(), "{member}");
    }
    for member in ["created_at", "updated_at"] {
        assert!(grant[member].is_i64(), "{member}");
    }
    let target = format!("/v3/grants/{}", grant["id"].as_str().unwrap());
    assert_eq!(&office.get(&target).await.json["data"], grant);
}

#[tokio::test]
async fn each_refusal_of_a_new_account_has_its_status_and_type() {
    let office = Office::open().await;
    let other = office.other_key().await;
    office.account("taken@agents.test").await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut wanted = body("a@agents.test");
        change(&mut wanted);
        wanted
    };
    for (wanted, status, kind) in [
        (json!({}), 400, "invalid_request_error"),
        (json!({"provider": "nylas"}), 400, "invalid_request_error"),
        (
            with(&|b| b["settings"]["email"] = json!(7)),
            400,
            "invalid_request_error",
        ),
        (
            with(&|b| b["settings"]["app_password"] = json!("weak")),
            400,
            "invalid_request_error",
        ),
        (
            with(&|b| b["name"] = json!("")),
            400,
            "invalid_request_error",
        ),
        (
            with(&|b| b["provider"] = json!("google")),
            400,
            "not_supported",
        ),
        (
            json!({"provider": "google", "settings": {"refresh_token": "x"}}),
            400,
            "not_supported",
        ),
        (
            with(&|b| b["workspace_id"] = json!("no id")),
            400,
            "invalid_field",
        ),
        (body("a@nowhere.example"), 404, "api.not_found_error"),
    ] {
        let text = wanted.to_string();
        let refused = office.post("/v3/connect/custom", wanted).await;
        let (got, got_kind, message) = refused.error();
        assert_eq!((got, got_kind), (status, kind), "{text}: {message}");
    }
    let nowhere = json!({"provider": "nylas"});
    let refused = office.post("/v3/connect/custom", nowhere).await;
    assert_eq!(refused.error().2, "settings.email: required");
    let taken = office
        .call(
            &other,
            Method::POST,
            "/v3/connect/custom",
            Some(body("taken@agents.test")),
        )
        .await;
    assert_eq!(
        taken.error(),
        (409, "conflict", "address is already in use")
    );
}

#[tokio::test]
async fn the_text_about_an_unregistered_domain_is_the_one_clients_look_for() {
    let office = Office::open().await;
    let refused = office
        .post("/v3/connect/custom", body("a@nowhere.example"))
        .await;
    let (_, _, message) = refused.error();
    assert_eq!(message, "Provisioning the account failed: Domain not found");
    let text = refused.json.to_string().to_lowercase();
    assert!(text.contains("nowhere.example"), "{text}");
    for word in ["maximum", "max", "limit"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn a_repeated_creation_is_answered_from_memory_and_another_payload_is_refused() {
    let office = Office::open().await;
    let send = async |wanted: Value| {
        let mut request = with_key(
            &office.key,
            Method::POST,
            "/v3/connect/custom",
            Some(wanted),
        );
        request.headers_mut().insert(
            HeaderName::from_static("idempotency-key"),
            HeaderValue::from_static("once"),
        );
        office.door.send(request).await
    };
    let first = send(body("a@agents.test")).await;
    assert_eq!(first.status, 201);
    let again = send(body("a@agents.test")).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotent-response"), Some("true"));
    assert_eq!(again.json["data"], first.json["data"]);
    let other = send(body("b@agents.test")).await;
    assert_eq!(other.error().1, "api.invalid_idempotent_request");
}

#[tokio::test]
async fn grants_are_listed_in_pages_with_limit_and_offset_and_no_cursor() {
    let office = Office::open().await;
    for number in 0..12 {
        office.account(&format!("a{number:02}@agents.test")).await;
    }
    let emails = |answer: &Value| -> Vec<String> {
        let rows = answer["data"].as_array().expect("a list");
        rows.iter()
            .map(|row| row["email"].as_str().expect("an address").to_owned())
            .collect()
    };
    let first = office.get("/v3/grants").await.json;
    assert_eq!((&first["limit"], &first["offset"]), (&json!(10), &json!(0)));
    assert!(first.get("next_cursor").is_none());
    assert_eq!(emails(&first)[0], "a11@agents.test");
    assert_eq!(emails(&first).len(), 10);
    let last = office.get("/v3/grants?limit=200&offset=10").await.json;
    assert_eq!(emails(&last), ["a01@agents.test", "a00@agents.test"]);
    let beyond = office.get("/v3/grants?offset=20000").await.json;
    assert_eq!(beyond["data"], json!([]));
    let oldest = office
        .get("/v3/grants?limit=1&order_by=asc&sort_by=updated_at")
        .await
        .json;
    assert_eq!(emails(&oldest), ["a00@agents.test"]);
    let clamped = office.get("/v3/grants?limit=999999999999999999999").await;
    assert_eq!(clamped.json["limit"], 200);
    let valid = office.get("/v3/grants?status=valid&limit=200").await.json;
    assert_eq!(emails(&valid).len(), 12);
    let reduced = office.get("/v3/grants?limit=1&select=email").await.json;
    let members = reduced["data"][0].as_object().expect("an object");
    assert_eq!(members.keys().collect::<Vec<_>>(), ["id", "email"]);
    for wrong in [
        "limit=0",
        "limit=x",
        "limit=-1",
        "limit=1.5",
        "offset=-1",
        "sort_by=name",
        "order_by=up",
        "grant_status=odd",
        "since=soon",
    ] {
        let refused = office.get(&format!("/v3/grants?{wrong}")).await;
        assert_eq!(refused.error().1, "invalid_request_error", "{wrong}");
    }
}

#[tokio::test]
async fn a_change_merges_settings_and_null_keeps_the_workspace() {
    let office = Office::open().await;
    let before = office.account("a@agents.test").await;
    let target = format!("/v3/grants/{}", before["id"].as_str().unwrap());
    let changed = office
        .patch(
            &target,
            json!({"name": "Agent", "workspace_id": null, "scope": ["x"],
                   "settings": {"email": "a@agents.test", "app_password": "MySecureP4ssword!2024"}}),
        )
        .await;
    assert_eq!(changed.status, 200, "{:?}", changed.json);
    let after = &changed.json["data"];
    assert_eq!(after["name"], "Agent");
    assert_eq!(after["protocol_access"], true);
    for member in ["workspace_id", "settings", "email", "id"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert!(changed.json.get("warnings").is_none());
    assert!(!changed.json.to_string().contains("MySecure"));
    let closed = office
        .patch(&target, json!({"settings": {"app_password": null}}))
        .await;
    assert_eq!(closed.json["data"]["protocol_access"], false);
    assert_eq!(closed.json["data"]["name"], "Agent");
    for wrong in [
        json!({"name": ""}),
        json!({"settings": {"email": "b@agents.test"}}),
        json!({"settings": {"plus_addressing": null}}),
        json!({"settings": []}),
    ] {
        let refused = office.patch(&target, wrong.clone()).await;
        assert_eq!(refused.error().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_deletion_answers_its_request_id_and_every_later_look_404() {
    let office = Office::open().await;
    let account = office.account("a@agents.test").await;
    let target = format!("/v3/grants/{}", account["id"].as_str().unwrap());
    let deleted = office.delete(&target).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(
        deleted.json.as_object().map(serde_json::Map::len),
        Some(1),
        "{:?}",
        deleted.json
    );
    assert_eq!(office.get(&target).await.error().0, 404);
    assert_eq!(office.delete(&target).await.error().0, 404);
    let again = office.account("a@agents.test").await;
    assert_ne!(again["id"], account["id"]);
}

#[tokio::test]
async fn http_06_a_foreign_key_sees_exactly_what_a_missing_object_shows() {
    let office = Office::open().await;
    let account = office.account("a@agents.test").await;
    let id = account["id"].as_str().unwrap();
    let workspace = account["workspace_id"].as_str().unwrap();
    let other = office.other_key().await;
    let made_up = "01890000-0000-7000-8000-000000000000";
    for (foreign, missing) in [
        (format!("/v3/grants/{id}"), format!("/v3/grants/{made_up}")),
        (
            "/v3/grants/a@agents.test".to_owned(),
            "/v3/grants/z@agents.test".to_owned(),
        ),
        (
            format!("/v3/workspaces/{workspace}"),
            format!("/v3/workspaces/{made_up}"),
        ),
    ] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let body = (method == Method::PATCH).then(|| json!({"name": "x"}));
            let ask = async |target: &str| {
                let answer = office
                    .call(&other, method.clone(), target, body.clone())
                    .await;
                (answer.status, answer.json["error"].clone())
            };
            let shown = ask(&foreign).await;
            assert_eq!(shown, ask(&missing).await, "{method} {foreign}");
            assert_eq!(shown.0, 404, "{method} {foreign}");
        }
    }
    assert_eq!(
        office.get(&format!("/v3/grants/{id}")).await.json["data"],
        account
    );
}

#[tokio::test]
async fn me_needs_a_key_for_one_account() {
    let office = Office::open().await;
    let account = office.account("a@agents.test").await;
    assert_eq!(office.get("/v3/grants/me").await.error().0, 400);
    let scope = json!({"name": "Mine", "scope": {"type": "grant", "id": account["id"]}});
    let key = office.make_key(&office.application_id, scope).await;
    let me = office.call(&key, Method::GET, "/v3/grants/me", None).await;
    assert_eq!(me.json["data"], account);
    let list = office.call(&key, Method::GET, "/v3/grants", None).await;
    assert_eq!(list.json["data"], json!([account]));
}
