//! Policies over HTTP: shapes, merging, errors, caps, and what holds for an account.

use http::Method;
use posthouse_mailroom::policies::Plan;
use serde_json::{Value, json};

use crate::office::Office;

const LIST: &str = "/v3/policies";

async fn make(office: &Office, body: Value) -> Value {
    let made = office.post(LIST, body).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    made.json["data"].clone()
}

fn one(policy: &Value) -> String {
    format!("{LIST}/{}", policy["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_policy_is_made_merged_listed_and_deleted() {
    let office = Office::open().await;
    let body = json!({
        "name": "Trial tenants",
        "limits": {"limit_attachment_allowed_types": ["image/*"], "limit_count_daily_email_sent": 120, "odd": 1},
        "spam_detection": {"use_list_dnsbl": true, "spam_sensitivity": 1.4},
        "id": "mine", "surprise": 1,
    });
    let made = office.post(LIST, body).await;
    assert_eq!(made.status, 200);
    let warnings = made.json["warnings"].to_string();
    assert!(
        warnings.contains("limits.odd")
            && warnings.contains("surprise")
            && !warnings.contains("id\""),
        "{warnings}"
    );
    let policy = made.json["data"].clone();
    assert_eq!(policy["limits"]["limit_count_daily_email_sent"], 120);
    assert_eq!(policy["limits"]["limit_count_daily_message_per_grant"], 120);
    assert_eq!(policy["limits"]["limit_storage_total"], -1);
    assert_eq!(policy["limits"]["limit_size_total_mime"], 104_857_600);
    assert_eq!(policy["rules"], json!([]));
    assert_eq!(policy["application_id"], json!(office.application_id));
    for member in [
        "organization_id",
        "created_at",
        "updated_at",
        "options",
        "outbound_guard",
    ] {
        assert!(!policy[member].is_null(), "{member}");
    }
    for method in [Method::PUT, Method::PATCH] {
        let change = json!({"limits": {"limit_inbox_retention_period": 60, "limit_spam_retention_period": 14}});
        let changed = office
            .call(&office.key, method, &one(&policy), Some(change))
            .await;
        assert_eq!(changed.status, 200, "{:?}", changed.json);
        let changed = &changed.json["data"];
        assert_eq!(changed["limits"]["limit_inbox_retention_period"], 60);
        assert_eq!(changed["limits"]["limit_count_daily_email_sent"], 120);
        assert_eq!(
            changed["limits"]["limit_attachment_allowed_types"],
            json!(["image/*"])
        );
        assert_eq!(changed["spam_detection"]["spam_sensitivity"], 1.4);
    }
    make(&office, json!({"name": "Second"})).await;
    let page = office.get(&format!("{LIST}?limit=1")).await;
    assert_eq!(page.json["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(page.json["data"][0]["name"], "Second");
    let next = page.json["next_cursor"].as_str().unwrap();
    let rest = office.get(&format!("{LIST}?page_token={next}")).await;
    assert_eq!(rest.json["data"][0]["id"], policy["id"]);
    assert!(rest.json.get("next_cursor").is_none());
    let gone = office.delete(&one(&policy)).await;
    assert_eq!(gone.status, 200);
    assert!(gone.json.get("data").is_none());
    for missing in [
        office.get(&one(&policy)).await,
        office.delete(&one(&policy)).await,
    ] {
        assert_eq!(missing.status, 404);
    }
}

#[tokio::test]
async fn wrong_members_are_named() {
    let office = Office::open().await;
    for (body, field) in [
        (json!({}), "name"),
        (
            json!({"name": "p", "limits": {"limit_storage_total": 0}}),
            "limits.limit_storage_total",
        ),
        (
            json!({"name": "p", "limits": {"limit_storage_total": "1"}}),
            "limits.limit_storage_total",
        ),
        (
            json!({"name": "p", "limits": {"limit_inbox_retention_period": 5, "limit_spam_retention_period": 5}}),
            "limits.limit_inbox_retention_period",
        ),
        (
            json!({"name": "p", "spam_detection": {"spam_sensitivity": 9}}),
            "spam_detection.spam_sensitivity",
        ),
        (
            json!({"name": "p", "outbound_guard": {"secrets": true}}),
            "outbound_guard.secrets",
        ),
        (json!({"name": "p", "rules": {}}), "rules"),
    ] {
        let refused = office.post(LIST, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.json["error"]["type"], "invalid_request_error");
        assert_eq!(refused.json["error"]["field"], field, "{body}");
    }
}

#[tokio::test]
async fn a_plan_answers_403_for_this_plan_and_shows_in_what_is_in_force() {
    let office = Office::open().await;
    office
        .door
        .mailroom
        .choose_plan(Plan::published("free").unwrap());
    let over = json!({"name": "p", "limits": {"limit_count_daily_email_sent": -1}});
    let refused = office.post(LIST, over).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json["error"]["type"], "forbidden_access");
    let text = refused.json["error"]["message"].as_str().unwrap();
    assert!(text.contains("for this plan"), "{text}");
    let policy = make(
        &office,
        json!({"name": "p", "limits": {"limit_count_daily_email_sent": 7}}),
    )
    .await;
    let account = office.account("agent@agents.test").await;
    let workspace = format!(
        "/v3/workspaces/{}",
        account["workspace_id"].as_str().unwrap()
    );
    let attached = office
        .patch(&workspace, json!({"policy_id": policy["id"]}))
        .await;
    assert_eq!(
        attached.json["data"]["policy_id"], policy["id"],
        "{:?}",
        attached.json
    );
    let grant = format!(
        "/v3/grants/{}?effective_policy=true",
        account["id"].as_str().unwrap()
    );
    let shown = office.get(&grant).await.json["data"]["effective_policy"].clone();
    assert_eq!(shown["policy_id"], policy["id"]);
    assert_eq!(shown["limits"]["limit_count_daily_email_sent"], 7);
    assert_eq!(shown["limits"]["limit_storage_total"], 3_i64 << 30);
    assert_eq!(shown["used"]["sent_today"], 0);
    assert_eq!(office.delete(&one(&policy)).await.status, 200);
    let detached = office.get(&workspace).await;
    assert_eq!(detached.json["data"]["policy_id"], Value::Null);
}

#[tokio::test]
async fn a_used_up_day_is_429_with_the_seconds_until_midnight() {
    let office = Office::open().await;
    let policy = make(
        &office,
        json!({"name": "p", "limits": {"limit_count_daily_email_sent": 1}}),
    )
    .await;
    let account = office.account("agent@agents.test").await;
    let workspace = format!(
        "/v3/workspaces/{}",
        account["workspace_id"].as_str().unwrap()
    );
    office
        .patch(&workspace, json!({"policy_id": policy["id"]}))
        .await;
    let send = format!(
        "/v3/grants/{}/messages/send",
        account["id"].as_str().unwrap()
    );
    let letter = json!({"to": [{"email": "a@shop.example"}], "subject": "x", "body": "y"});
    assert_eq!(office.post(&send, letter.clone()).await.status, 200);
    let refused = office.post(&send, letter).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json["error"]["type"], "rate_limit_error");
    assert_eq!(
        refused.json["error"]["message"],
        "daily send limit of 1 reached"
    );
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn other_applications_see_nothing_and_parts_change_nothing() {
    let office = Office::open().await;
    let policy = make(&office, json!({"name": "p"})).await;
    let other = office.other_key().await;
    let account = office.account("agent@agents.test").await;
    let scope = json!({"name": "part", "scope": {"type": "grant", "id": account["id"]}});
    let part = office.make_key(&office.application_id.clone(), scope).await;
    for (key, listing) in [(&other, 200), (&part, 403)] {
        let listed = office.call(key, Method::GET, LIST, None).await;
        assert_eq!(listed.status, listing);
        for (method, body) in [
            (Method::GET, None),
            (Method::PUT, Some(json!({"name": "q"}))),
            (Method::DELETE, None),
        ] {
            let answer = office.call(key, method.clone(), &one(&policy), body).await;
            assert_eq!(answer.status, 404, "{method}");
        }
    }
    let made = office
        .call(&part, Method::POST, LIST, Some(json!({"name": "q"})))
        .await;
    assert_eq!(made.status, 403);
}

#[tokio::test]
async fn a_plan_paces_requests_and_without_one_nothing_does() {
    const REQUESTS: usize = 1_000;
    let free = Office::open().await;
    for _ in 0..REQUESTS / 5 {
        assert_eq!(free.get(LIST).await.status, 200);
    }
    let paced = Office::open().await;
    paced
        .door
        .mailroom
        .choose_plan(Plan::published("full").unwrap());
    for _ in 0..REQUESTS {
        let answer = paced.get(LIST).await;
        if answer.status == 429 {
            assert_eq!(answer.headers["retry-after"], "1");
            return;
        }
        assert_eq!(answer.status, 200);
    }
    panic!("{REQUESTS} requests, and none was too many");
}
