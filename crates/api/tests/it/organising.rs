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
async fn hard_delete_is_for_good_at_once_where_the_operator_allows_it() {
    let account = Account::open().await;
    let unasked = message(&account, "One").await;
    let path = message(&account, "Two").await;
    account.door.mailroom.allow_hard_delete();
    assert_eq!(delete(&account, &unasked).await.status, 200);
    let wrong = delete(&account, &format!("{path}?hard_delete=maybe")).await;
    assert_eq!(wrong.error().0, 400);
    let deleted = delete(&account, &format!("{path}?hard_delete=True")).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(account.get(&path).await.error().0, 404);
    assert_eq!(account.get(&unasked).await.status, 200);
    let trash = account.get("/folders/trash").await.json["data"].clone();
    assert_eq!(trash["total_count"], 1);
    let again = delete(&account, &format!("{path}?hard_delete=true")).await;
    assert_eq!(again.error().0, 404);
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

async fn post(account: &Account, below: &str, body: Value) -> Answered {
    call(account, Method::POST, below, body).await
}

#[tokio::test]
async fn a_folder_is_made_shown_changed_and_deleted() {
    let account = Account::open().await;
    let body = json!({"name": "Clients/Acme", "text_color": "#fff", "background_color": "#0099ee"});
    let made = post(&account, "/folders", body).await;
    let acme = data(&made).clone();
    let clients = account.get("/folders/Clients").await.json["data"].clone();
    let expected = json!({
        "id": acme["id"], "grant_id": account.id, "object": "folder", "name": "Acme", "path": "Clients/Acme",
        "parent_id": clients["id"], "child_count": 0, "total_count": 0, "unread_count": 0, "system_folder": false,
        "attributes": [], "text_color": "#fff", "background_color": "#0099ee",
    });
    assert_eq!(acme, expected);
    assert_eq!(
        account.get("/folders/clients%2Facme").await.json["data"],
        expected
    );
    assert_eq!(
        (&clients["child_count"], &clients["parent_id"]),
        (&json!(1), &json!(null))
    );
    let names = async |filter: &str| {
        let listed = account.get(&format!("/folders{filter}")).await;
        let names = data(&listed)
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names("").await,
        "Inbox Sent Drafts Trash Junk Archive Clients Acme"
    );
    assert_eq!(
        names("?single_level=true&include_hidden_folders=true").await,
        "Inbox Sent Drafts Trash Junk Archive Clients"
    );
    assert_eq!(names("?parent_id=clients").await, "Acme");

    let path = format!("/folders/{}", acme["id"].as_str().unwrap());
    let changed = put(
        &account,
        &path,
        json!({"name": "Old/Acme", "text_color": null, "colour": 1}),
    )
    .await;
    assert_eq!(
        (&data(&changed)["path"], &data(&changed)["text_color"]),
        (&json!("Old/Acme"), &json!(null))
    );
    assert_eq!(
        changed.json["warnings"],
        json!(["unknown field ignored: colour"])
    );
    let up = call(&account, Method::PATCH, &path, json!({"parent_id": null})).await;
    assert_eq!(
        (&data(&up)["path"], &data(&up)["parent_id"]),
        (&json!("Acme"), &json!(null))
    );

    let message = message(&account, "One").await;
    let moved = put(&account, &message, json!({"folders": ["ACME"]})).await;
    assert_eq!(data(&moved)["folders"], json!([acme["id"]]));
    assert_eq!(account.get(&path).await.json["data"]["unread_count"], 1);
    let deleted = delete(&account, &path).await;
    assert_eq!(
        (
            deleted.status.as_u16(),
            deleted.json.as_object().unwrap().len()
        ),
        (200, 1)
    );
    assert_eq!(account.get(&path).await.error().0, 404);
    assert_eq!(account.get(&message).await.error().0, 404);
}

#[tokio::test]
async fn wrong_folders_are_refused_with_their_field() {
    let account = Account::open().await;
    post(&account, "/folders", json!({"name": "Clients"})).await;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "iNbOx"}), "name"),
        (json!({"name": "all mail"}), "name"),
        (json!({"name": "CLIENTS"}), "name"),
        (json!({"name": "a\tb"}), "name"),
        (json!({"name": "x".repeat(1_025)}), "name"),
        (json!({"name": "x", "parent_id": "nowhere"}), "parent_id"),
        (json!({"name": "x", "text_color": 1}), "text_color"),
        (
            json!({"name": "x", "background_color": "x".repeat(65)}),
            "background_color",
        ),
    ] {
        let answer = post(&account, "/folders", body.clone()).await;
        assert_eq!(answer.error().1, "invalid_request_error", "{body}");
        assert_eq!(answer.json["error"]["field"], field, "{body}");
    }
    for (path, body) in [
        ("/folders/inbox", json!({"name": "Mine"})),
        ("/folders/inbox", json!({"parent_id": "clients"})),
        ("/folders/clients", json!({"name": "Junk"})),
        ("/folders/clients", json!({"name": null})),
        ("/folders/clients", json!({"parent_id": "clients"})),
    ] {
        assert_eq!(
            put(&account, path, body.clone()).await.error().1,
            "invalid_request_error",
            "{body}"
        );
    }
    assert_eq!(
        delete(&account, "/folders/spam").await.error().1,
        "invalid_request_error"
    );
    for path in [
        "/folders/nowhere",
        "/folders/0190f3d0-1111-7aaa-8bbb-000000000001",
    ] {
        assert_eq!(
            put(&account, path, json!({"name": "x"})).await.error().0,
            404
        );
        assert_eq!(delete(&account, path).await.error().0, 404);
    }
    let other = account.neighbour("other").await;
    let own = account.get("/folders/clients").await.json["data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        put(&other, &format!("/folders/{own}"), json!({"name": "x"}))
            .await
            .error()
            .0,
        404
    );
    assert_eq!(
        delete(&other, &format!("/folders/{own}")).await.error().0,
        404
    );
}
