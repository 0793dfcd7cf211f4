//! Messages and folders are kept in order through the router.

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::account::Account;
use crate::door::Answered;

async fn call(account: &Account, method: Method, below: &str, body: Value) -> Answered {
    let mut request = account.request(method, below);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Full::from(Bytes::from(body.to_string()));
    account.door.send(request).await
}

async fn put(account: &Account, below: &str, body: Value) -> Answered {
    call(account, Method::PUT, below, body).await
}

async fn delete(account: &Account, below: &str) -> Answered {
    account
        .door
        .send(account.request(Method::DELETE, below))
        .await
}

fn data(answer: &Answered) -> &Value {
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    &answer.json["data"]
}

/// Delivers a message and returns its path.
async fn message(account: &Account, subject: &str) -> String {
    account.receive(subject, "text").await;
    let listed = account.get("/messages?limit=1").await;
    format!("/messages/{}", data(&listed)[0]["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_update_of_a_message_answers_all_of_it_by_both_verbs() {
    let account = Account::open().await;
    let path = message(&account, "One").await;
    let before = account.get(&path).await.json["data"].clone();
    let answer = put(&account, &path, json!({"unread": false, "starred": true})).await;
    let mut expected = before.clone();
    expected["unread"] = json!(false);
    expected["starred"] = json!(true);
    assert_eq!(data(&answer), &expected);
    assert!(answer.json.get("warnings").is_none());
    let answer = call(&account, Method::PATCH, &path, json!({"answered": true})).await;
    assert_eq!(
        (&data(&answer)["answered"], &data(&answer)["starred"]),
        (&json!(true), &json!(true))
    );
    let archived = put(&account, &path, json!({"folders": []})).await;
    let archive = account.get("/folders/archive").await.json["data"]["id"].clone();
    assert_eq!(data(&archived)["folders"], json!([archive]));
    let reduced = put(
        &account,
        &format!("{path}?select=folders"),
        json!({"folders": ["Spam"], "colour": 1}),
    )
    .await;
    let members: Vec<&String> = data(&reduced).as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 4, "{members:?}");
    assert_eq!(
        reduced.json["warnings"],
        json!(["unknown field ignored: colour"])
    );
    assert_eq!(
        data(&put(&account, &path, json!({})).await)["subject"],
        "One"
    );
}

#[tokio::test]
async fn a_wrong_update_of_a_message_names_its_field_and_changes_nothing() {
    let account = Account::open().await;
    let path = message(&account, "One").await;
    let before = account.get(&path).await.json["data"].clone();
    for (body, field) in [
        (json!({"unread": "no"}), "unread"),
        (json!({"starred": null}), "starred"),
        (json!({"answered": 1}), "answered"),
        (json!({"folders": "inbox"}), "folders"),
        (json!({"folders": null}), "folders"),
        (json!({"folders": [1]}), "folders[0]"),
        (json!({"folders": ["inbox", "archive"]}), "folders"),
        (
            json!({"unread": false, "folders": ["nowhere"]}),
            "folders[0]",
        ),
        (json!({"metadata": []}), "metadata"),
        (json!({"metadata": {"key1": 7}}), "metadata.key1"),
        (json!({"metadata": {"key1": true}}), "metadata.key1"),
        (json!({"metadata": {"key1": null}}), "metadata.key1"),
        (
            json!({"metadata": {"key1": {"nested": "x"}}}),
            "metadata.key1",
        ),
        (
            json!({"metadata": {"key1": "v".repeat(501)}}),
            "metadata.key1",
        ),
        (json!({"metadata": {"k".repeat(41): "v"}}), "metadata"),
        (json!({"metadata": {"": "v"}}), "metadata"),
    ] {
        let answer = put(&account, &path, body.clone()).await;
        assert_eq!(answer.error().1, "invalid_request_error", "{body}");
        assert_eq!(answer.json["error"]["field"], field, "{body}");
    }
    let many: serde_json::Map<String, Value> = (0..51)
        .map(|number| (format!("k{number}"), json!("v")))
        .collect();
    let answer = put(&account, &path, json!({"metadata": many})).await;
    assert_eq!(answer.error().0, 400);
    assert_eq!(account.get(&path).await.json["data"], before);

    let other = account.neighbour("other").await;
    for stranger in [&other, &account] {
        let path = if stranger.id == account.id {
            "/messages/nonsense"
        } else {
            path.as_str()
        };
        assert_eq!(
            put(stranger, path, json!({"unread": false}))
                .await
                .error()
                .0,
            404
        );
        assert_eq!(
            put(stranger, path, json!({"folders": ["nowhere"]}))
                .await
                .error()
                .0,
            404
        );
        assert_eq!(delete(stranger, path).await.error().0, 404);
    }
}

#[tokio::test]
async fn metadata_is_replaced_cleared_and_filtered_on() {
    let account = Account::open().await;
    let path = message(&account, "One").await;
    message(&account, "Two").await;
    let set = put(
        &account,
        &path,
        json!({"metadata": {"key1": "on,hold", "key2": "a:b", "x": ""}}),
    )
    .await;
    assert_eq!(
        data(&set)["metadata"],
        json!({"key1": "on,hold", "key2": "a:b", "x": ""})
    );
    let found = async |filter: &str| {
        data(&account.get(&format!("/messages?{filter}")).await)
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(found("metadata_pair=key2:a:b").await, 1);
    assert_eq!(found("metadata_pair=key2:a:b&subject=two").await, 0);
    assert_eq!(
        found("metadata_pair=key2:a:b&unread=true&in=inbox").await,
        1
    );
    let replaced = put(&account, &path, json!({"metadata": {"key2": "c"}})).await;
    assert_eq!(data(&replaced)["metadata"], json!({"key2": "c"}));
    assert_eq!(
        (
            found("metadata_pair=key2:a:b").await,
            found("metadata_pair=key2:c").await
        ),
        (0, 1)
    );
    for clearing in [json!(null), json!({})] {
        put(&account, &path, json!({"metadata": {"key2": "c"}})).await;
        let cleared = put(&account, &path, json!({"metadata": clearing})).await;
        assert_eq!(data(&cleared)["metadata"], json!({}));
    }
    assert_eq!(found("metadata_pair=key2:c").await, 0);
}

#[tokio::test]
async fn a_message_is_deleted_to_trash_first_and_for_good_from_there() {
    let account = Account::open().await;
    let path = message(&account, "One").await;
    let deleted = delete(&account, &format!("{path}?hard_delete=true")).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(
        deleted.json.as_object().unwrap().len(),
        1,
        "{:?}",
        deleted.json
    );
    let trash = account.get("/folders/trash").await.json["data"].clone();
    assert_eq!(
        data(&account.get(&path).await)["folders"],
        json!([trash["id"]])
    );
    assert_eq!(
        (&trash["total_count"], &trash["unread_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(delete(&account, &path).await.status, 200);
    assert_eq!(account.get(&path).await.error().0, 404);
    assert_eq!(delete(&account, &path).await.error().0, 404);
    assert_eq!(
        account.get("/folders/trash").await.json["data"]["total_count"],
        0
    );
}
