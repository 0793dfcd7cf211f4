//! Applications, keys, connectors, callback URIs, workspaces and domains over HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::office::Office;

fn members(object: &Value, kind: &str, names: &[&str]) {
    for name in names {
        let value = object
            .get(*name)
            .unwrap_or_else(|| panic!("{name}: {object}"));
        let fits = match kind {
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        };
        assert!(fits, "{name} is no {kind}: {object}");
    }
}

#[tokio::test]
async fn the_keys_own_application_is_one_object_with_the_members_sdks_require() {
    let office = Office::open().await;
    let answer = office.get("/v3/applications").await;
    let application = &answer.json["data"];
    members(
        application,
        "string",
        &[
            "application_id",
            "organization_id",
            "region",
            "environment",
            "default_workspace_id",
        ],
    );
    members(&application["branding"], "string", &["name"]);
    members(application, "array", &["callback_uris"]);
    members(application, "object", &["hosted_authentication"]);
    members(application, "integer", &["created_at", "updated_at"]);
    assert_eq!(
        application["application_id"],
        office.application_id.as_str()
    );
    assert_eq!(application["environment"], "staging");
}

#[tokio::test]
async fn an_application_stores_what_it_is_told_and_answers_all_of_it() {
    let office = Office::open().await;
    let changed = office
        .patch(
            "/v3/applications",
            json!({"branding": {"name": "Heron Bots", "icon_url": "https://h.example/i.png"},
                   "hosted_authentication": {"title": "Hi"},
                   "callback_uris": [{"url": "https://h.example/cb"}, {"url": "heron://cb", "platform": "ios"}]}),
        )
        .await;
    assert_eq!(changed.status, 200, "{:?}", changed.json);
    let application = &changed.json["data"];
    assert_eq!(application["branding"]["name"], "Heron Bots");
    assert_eq!(application["hosted_authentication"], json!({"title": "Hi"}));
    assert_eq!(application["callback_uris"].as_array().unwrap().len(), 2);
    let first = application["callback_uris"][0]["id"].clone();
    let kept = office
        .patch(
            "/v3/applications",
            json!({"callback_uris": [{"id": "x", "url": "https://h.example/cb", "platform": "web"}]}),
        )
        .await;
    assert_eq!(
        kept.json["data"]["callback_uris"].as_array().unwrap().len(),
        1
    );
    assert_eq!(kept.json["data"]["callback_uris"][0]["id"], first);
    assert_eq!(kept.json["data"]["branding"], application["branding"]);
    for wrong in [
        json!({"branding": {"name": ""}}),
        json!({"branding": {"name": 7}}),
        json!({"branding": []}),
        json!({"callback_uris": [{"platform": "web"}]}),
        json!({"callback_uris": [{"url": "https://a.example", "platform": "tv"}]}),
        json!({"idp_settings": {"x": "y".repeat(70_000)}}),
    ] {
        let refused = office.patch("/v3/applications", wrong.clone()).await;
        assert_eq!(refused.error().1, "invalid_request_error", "{wrong}");
    }
}

#[tokio::test]
async fn what_the_official_command_line_does_at_setup_succeeds() {
    // C-20: init
    let office = Office::open().await;
    assert_eq!(office.get("/v3/applications").await.status, 200);
    let none = office.get("/v3/applications/callback-uris").await;
    assert_eq!(none.json["data"], json!([]));
    let wanted = json!({"url": "http://localhost:9007/callback", "platform": "web"});
    let made = office
        .post("/v3/applications/callback-uris", wanted.clone())
        .await;
    assert_eq!(made.status, 200);
    members(&made.json["data"], "string", &["id", "url", "platform"]);
    let again = office.post("/v3/applications/redirect-uris", wanted).await;
    assert_eq!(again.json["data"], made.json["data"], "the same row");
    assert_eq!(office.get("/v3/grants?limit=200").await.status, 200);
    // C-22, C-30: connectors
    let connectors = office.get("/v3/connectors").await;
    assert_eq!(
        connectors.json["data"],
        json!([{"provider": "nylas", "name": "nylas", "settings": {}, "scope": []}])
    );
}

#[tokio::test]
async fn callback_uris_change_and_go_by_either_path() {
    let office = Office::open().await;
    let made = office
        .post(
            "/v3/applications/redirect-uris",
            json!({"url": "https://a.example/", "settings": {"origin": "x"}}),
        )
        .await;
    let id = made.json["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made.json["data"]["platform"], "web");
    assert_eq!(made.json["data"]["settings"], json!({"origin": "x"}));
    let target = format!("/v3/applications/callback-uris/{id}");
    let changed = office.patch(&target, json!({"platform": "js"})).await;
    assert_eq!(changed.json["data"]["platform"], "js");
    assert_eq!(changed.json["data"]["url"], "https://a.example/");
    assert_eq!(changed.json["data"]["settings"], json!({"origin": "x"}));
    assert_eq!(office.get(&target).await.json["data"], changed.json["data"]);
    let cleared = office.patch(&target, json!({"settings": null})).await;
    assert!(cleared.json["data"].get("settings").is_none(), "cleared");
    assert_eq!(office.delete(&target).await.status, 200);
    assert_eq!(office.get(&target).await.error().0, 404);
    let wrong = json!({"url": "no url"});
    let refused = office.post("/v3/applications/redirect-uris", wrong).await;
    assert_eq!(refused.error().1, "invalid_request_error");
}

#[tokio::test]
async fn the_connector_comes_back_and_stays_while_accounts_exist() {
    let office = Office::open().await;
    let one = "/v3/connectors/nylas";
    let made = office
        .post(
            "/v3/connectors",
            json!({"name": "nylas", "provider": "nylas"}),
        )
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json["data"]["provider"], "nylas");
    let other = office
        .post("/v3/connectors", json!({"name": "g", "provider": "google"}))
        .await;
    assert_eq!(other.error().1, "not_supported");
    let settings = json!({"name": "Mail", "settings": {"a": 1}});
    let changed = office.patch(one, settings).await;
    assert_eq!(changed.json["data"]["name"], "Mail");
    let cleared = office.patch(one, json!({"settings": null})).await;
    assert_eq!(cleared.json["data"]["settings"], json!({}));
    assert_eq!(cleared.json["data"]["name"], "Mail");
    assert_eq!(office.get("/v3/connectors/google").await.error().0, 404);
    assert_eq!(office.delete(one).await.status, 200);
    assert_eq!(office.get(one).await.error().0, 404);
    office.account("a@agents.test").await;
    assert_eq!(office.get(one).await.status, 200, "made again");
    assert_eq!(office.delete(one).await.error().1, "invalid_request_error");
}

#[tokio::test]
async fn an_api_key_is_shown_once_and_revoked_at_once() {
    let office = Office::open().await;
    let collection = format!("/v3/admin/applications/{}/api-keys", office.application_id);
    let made = office
        .post(
            &collection,
            json!({"name": "worker", "expires_in": 90, "read_only": true}),
        )
        .await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    let object = made.json["data"].clone();
    let text = object["api_key"].as_str().unwrap();
    assert_eq!(object["permissions"], json!(["read"]));
    assert_eq!(object["status"], "active");
    assert_eq!(object["scope"]["type"], "application");
    assert_eq!(object["scope"]["id"], office.application_id.as_str());
    assert_eq!(object["prefix"], &text[..8]);
    members(
        &object,
        "integer",
        &["created_at", "updated_at", "expires_at"],
    );
    let one = format!("{collection}/{}", object["id"].as_str().unwrap());
    for answer in [office.get(&one).await, office.get(&collection).await] {
        assert!(!answer.json.to_string().contains(text), "{:?}", answer.json);
    }
    let read = office.call(text, Method::GET, "/v3/grants", None).await;
    assert_eq!(read.status, 200);
    let write = office
        .call(text, Method::PATCH, "/v3/applications", Some(json!({})))
        .await;
    assert_eq!(write.error().1, "forbidden");
    assert_eq!(office.delete(&one).await.status, 200);
    let late = office.call(text, Method::GET, "/v3/grants", None).await;
    assert_eq!(late.error(), (401, "unauthorized", "Unauthorized"));
    assert_eq!(office.get(&one).await.json["data"]["status"], "revoked");
}

#[tokio::test]
async fn the_operators_routes_are_closed_to_keys_without_the_permission() {
    let office = Office::open().await;
    let key = office.other_key().await;
    let keys = format!("/v3/admin/applications/{}/api-keys", office.application_id);
    for (method, target) in [
        (Method::GET, keys.as_str()),
        (Method::POST, keys.as_str()),
        (Method::GET, "/v3/admin/domains"),
        (Method::POST, "/v3/admin/domains"),
        (Method::GET, "/v3/admin/applications"),
        (Method::POST, "/v3/applications"),
    ] {
        let refused = office.call(&key, method.clone(), target, None).await;
        assert_eq!(refused.error().1, "forbidden", "{method} {target}");
    }
}

#[tokio::test]
async fn a_workspace_has_every_key_and_moves_accounts() {
    let office = Office::open().await;
    let account = office.account("a@agents.test").await;
    let made = office
        .post(
            "/v3/workspaces",
            json!({"name": "Group", "domain": "x.example"}),
        )
        .await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    let workspace = made.json["data"].clone();
    members(
        &workspace,
        "string",
        &["workspace_id", "application_id", "name", "domain"],
    );
    members(&workspace, "boolean", &["auto_group", "default"]);
    members(&workspace, "integer", &["created_at", "updated_at"]);
    members(&workspace, "array", &["rule_ids"]);
    members(&workspace, "null", &["policy_id"]);
    let id = workspace["workspace_id"].as_str().unwrap();
    let assign = format!("/v3/workspaces/{id}/manual-assign");
    let done = office
        .post(&assign, json!({"assign_grants": [account["id"]]}))
        .await;
    assert_eq!(
        done.json["data"],
        json!({"application_id": office.application_id, "workspace_id": id, "domain": "x.example",
               "grants_assigned": [account["id"]], "grants_removed": []})
    );
    let patched = office
        .patch(
            &format!("/v3/workspaces/{id}"),
            json!({"policy_id": null, "rule_ids": []}),
        )
        .await;
    assert_eq!(patched.json["data"], workspace, "nothing changed");
    for (target, body, kind) in [
        ("/v3/workspaces", json!({}), "invalid_request_error"),
        (
            "/v3/workspaces",
            json!({"name": "x", "auto_group": true}),
            "invalid_request_error",
        ),
        (
            "/v3/workspaces",
            json!({"name": "x", "domain": "x.example"}),
            "invalid_request_error",
        ),
        (
            "/v3/workspaces",
            json!({"name": "x", "policy_id": "p"}),
            "invalid_field",
        ),
        (
            "/v3/workspaces",
            json!({"name": "x", "rule_ids": ["r"]}),
            "invalid_field",
        ),
        (assign.as_str(), json!({}), "invalid_request_error"),
    ] {
        let refused = office.post(target, body.clone()).await;
        assert_eq!(refused.error().1, kind, "{target} {body}");
    }
    let grouped = office.post("/v3/workspaces/auto-group", json!({})).await;
    members(&grouped.json["data"], "string", &["job_id", "message"]);
    let again = office.post("/v3/workspaces/auto-group", json!({})).await;
    assert_eq!(again.error().0, 429);
    assert!(again.header("retry-after").is_some());
    assert_eq!(office.delete("/v3/workspaces/x.example").await.status, 200);
    let back = office
        .get(&format!("/v3/grants/{}", account["id"].as_str().unwrap()))
        .await;
    assert_eq!(back.json["data"]["workspace_id"], account["workspace_id"]);
}

#[tokio::test]
async fn a_domain_has_every_key_and_pages_by_cursor() {
    let office = Office::open().await;
    let collection = "/v3/admin/domains";
    let made = office
        .post(
            collection,
            json!({"name": "Bots", "domain_address": "Bots.Example.org", "include_subdomains": true}),
        )
        .await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    let domain = made.json["data"].clone();
    assert_eq!(domain["domain_address"], "bots.example.org");
    members(
        &domain,
        "string",
        &["id", "name", "organization_id", "region", "application_id"],
    );
    members(
        &domain,
        "boolean",
        &[
            "branded",
            "verified_ownership",
            "verified_mx",
            "verified_spf",
            "verified_dkim",
            "verified_feedback",
            "verified_dmarc",
            "verified_arc",
            "sending_ready",
            "include_subdomains",
        ],
    );
    members(&domain, "integer", &["created_at", "updated_at"]);
    members(&domain, "null", &["catch_all_grant_id", "last_checked_at"]);
    let everyone = office
        .post(
            collection,
            json!({"name": "All", "domain_address": "all.example", "application_id": null}),
        )
        .await;
    assert_eq!(everyone.json["data"]["application_id"], Value::Null);
    let twice = office
        .post(
            collection,
            json!({"name": "x", "domain_address": "ALL.example"}),
        )
        .await;
    assert_eq!(twice.error().1, "invalid_request_error");
    let first = office.get("/v3/admin/domains?limit=2").await.json;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let last = office
        .get(&format!("/v3/admin/domains?limit=2&page_token={cursor}"))
        .await
        .json;
    assert_eq!(last["data"].as_array().unwrap().len(), 1);
    assert!(last.get("next_cursor").is_none());
    let put = office
        .call(
            &office.key,
            Method::PUT,
            "/v3/admin/domains/bots.example.org",
            Some(json!({"name": "Renamed", "region": "eu"})),
        )
        .await;
    assert_eq!(put.json["data"]["name"], "Renamed");
    assert_eq!(put.json["data"]["region"], domain["region"]);
    assert_eq!(
        put.json["warnings"],
        json!(["unknown field ignored: region"])
    );
    office.account("a@sub.bots.example.org").await;
    let used = office.delete("/v3/admin/domains/bots.example.org").await;
    assert_eq!(used.error().1, "invalid_request_error");
    assert_eq!(
        office.delete("/v3/admin/domains/all.example").await.status,
        200
    );
    assert_eq!(
        office.get("/v3/admin/domains/all.example").await.error().0,
        404
    );
}

#[tokio::test]
async fn an_operator_makes_applications_and_deletes_empty_ones() {
    let office = Office::open().await;
    let made = office
        .post(
            "/v3/applications",
            json!({"name": "Second", "region": "eu"}),
        )
        .await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    assert_eq!(made.json["data"]["region"], "eu");
    let id = made.json["data"]["application_id"].as_str().unwrap();
    let one = format!("/v3/applications/{id}");
    assert_eq!(office.get(&one).await.json["data"], made.json["data"]);
    let listed = office.get("/v3/admin/applications").await;
    assert_eq!(listed.json["data"].as_array().unwrap().len(), 2);
    let named = office
        .patch(&one, json!({"branding": {"name": "Third"}}))
        .await;
    assert_eq!(named.json["data"]["branding"]["name"], "Third");
    assert_eq!(office.delete(&one).await.status, 200);
    let last = format!("/v3/applications/{}", office.application_id);
    assert_eq!(
        office.delete(&last).await.error().1,
        "invalid_request_error"
    );
    for wrong in [json!({}), json!({"name": "x", "region": "mars"})] {
        let refused = office.post("/v3/applications", wrong.clone()).await;
        assert_eq!(refused.error().1, "invalid_request_error", "{wrong}");
    }
}

#[tokio::test]
async fn http_06_a_domain_of_another_application_is_not_detected() {
    let office = Office::open().await;
    let domain = json!({"name": "Own", "domain_address": "own.example"});
    assert_eq!(office.post("/v3/admin/domains", domain).await.status, 200);
    let foreign = office.other_key().await;
    let target = "/v3/providers/detect?email=a@own.example";
    for (key, detected) in [(&office.key, true), (&foreign, false)] {
        let answer = office.call(key, Method::POST, target, None).await;
        assert_eq!(answer.json["data"]["detected"], detected);
    }
}

#[tokio::test]
async fn http_06_a_narrow_key_cannot_tell_foreign_callback_uris_from_none() {
    let office = Office::open().await;
    let foreign = office.other_key().await;
    let uri = json!({"url": "https://a.example/"});
    let target = "/v3/applications/callback-uris";
    let made = office.call(&foreign, Method::POST, target, Some(uri)).await;
    let foreign_id = made.json["data"]["id"].as_str().unwrap().to_owned();
    let account = office.account("narrow@agents.test").await;
    let scope = json!({"name": "narrow", "scope": {"type": "grant", "id": account["id"]}});
    let narrow = office.make_key(&office.application_id, scope).await;
    for method in [Method::DELETE, Method::PATCH] {
        let mut answers = Vec::new();
        for id in [foreign_id.as_str(), "0190f3b0-0000-7000-8000-000000000003"] {
            let one = format!("{target}/{id}");
            let answer = office.call(&narrow, method.clone(), &one, None).await;
            let (status, kind, message) = answer.error();
            answers.push((status, kind.to_owned(), message.to_owned()));
        }
        assert_eq!(answers[0], answers[1], "{method}");
    }
}

#[tokio::test]
async fn texts_keep_clear_of_numbers_that_clients_take_for_our_failures() {
    let office = Office::open().await;
    let keys = format!("/v3/admin/applications/{}/api-keys", office.application_id);
    let application = office.get("/v3/applications").await;
    let workspace = application.json["data"]["default_workspace_id"].clone();
    let assign = format!(
        "/v3/workspaces/{}/manual-assign",
        workspace.as_str().unwrap()
    );
    for (target, body) in [
        (keys, json!({"name": "k", "expires_in": 40_000})),
        (assign, json!({"assign_grants": vec!["x"; 501]})),
    ] {
        let refused = office.post(&target, body).await;
        let (status, _, message) = refused.error();
        assert_eq!(status, 400);
        for number in ["429", "500", "502", "503"] {
            assert!(!message.contains(number), "{message}");
        }
    }
}

#[tokio::test]
async fn a_key_for_one_account_cannot_have_test_events_sent() {
    let office = Office::open().await;
    let account = office.account("narrow@agents.test").await;
    let scope = json!({"name": "narrow", "scope": {"type": "grant", "id": account["id"]}});
    let narrow = office.make_key(&office.application_id, scope).await;
    let target = "/v3/webhooks/send-test-event";
    let body = json!({"webhook_url": "https://hooks.example/"});
    let refused = office.call(&narrow, Method::POST, target, Some(body)).await;
    assert_eq!(refused.error().0, 403);
}
