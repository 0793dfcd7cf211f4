//! The address book through the router.

use http::{HeaderValue, Method, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::account::Account;
use crate::door::Answered;

async fn send(account: &Account, method: Method, below: &str, body: Value) -> Answered {
    let mut request = account.request(method, below);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Full::from(body.to_string());
    account.door.send(request).await
}

async fn make(account: &Account, body: Value) -> Value {
    let made = send(account, Method::POST, "/contacts", body).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    made.json["data"].clone()
}

#[tokio::test]
async fn a_contact_is_made_shown_changed_by_both_verbs_and_deleted() {
    let account = Account::open().await;
    let made = make(
        &account,
        json!({
            "given_name": "Bo", "surname": "Buyer", "emails": [{"email": "bo@shop.example", "type": "work"}],
            "physical_addresses": [{"city": "Berlin", "type": "home"}], "web_pages": [{"url": "https://shop.example"}],
            "metadata": {"key1": "vip"},
        }),
    )
    .await;
    let one = format!("/contacts/{}", made["id"].as_str().unwrap());
    assert_eq!(account.get(&one).await.json["data"], made);
    assert_eq!(
        (&made["object"], &made["grant_id"], &made["source"]),
        (
            &json!("contact"),
            &json!(account.id),
            &json!("address_book")
        )
    );
    assert_eq!(
        made["web_pages"],
        json!([{"url": "https://shop.example", "type": null}])
    );
    assert_eq!(made["physical_addresses"][0]["city"], "Berlin");
    assert!(made["updated_at"].is_i64());

    for (method, name) in [(Method::PUT, "Bob"), (Method::PATCH, "Robert")] {
        let body = json!({"given_name": name, "web_pages": []});
        let changed = send(&account, method, &one, body).await;
        assert_eq!(changed.status, 200, "{:?}", changed.json);
        let contact = &changed.json["data"];
        assert_eq!(
            (&contact["given_name"], &contact["surname"]),
            (&json!(name), &json!("Buyer"))
        );
        assert_eq!(contact["web_pages"], json!([]));
        assert_eq!(contact["emails"], made["emails"]);
        assert_eq!(contact["metadata"], json!({"key1": "vip"}));
    }
    let cleared = send(
        &account,
        Method::PUT,
        &one,
        json!({"surname": null, "metadata": null, "emails": null}),
    )
    .await;
    let contact = &cleared.json["data"];
    assert_eq!(
        (
            &contact["surname"],
            &contact["metadata"],
            &contact["emails"]
        ),
        (&Value::Null, &json!({}), &json!([]))
    );

    let deleted = account
        .door
        .send(account.request(Method::DELETE, &one))
        .await;
    assert_eq!(deleted.status, 200);
    assert!(deleted.json.get("data").is_none());
    assert_eq!(account.get(&one).await.error().0, 404);
}

#[tokio::test]
async fn every_member_is_checked_and_the_wrong_one_named() {
    let account = Account::open().await;
    let email = |email: &str| json!({"emails": [{"email": email}]});
    for (body, field) in [
        (json!({"given_name": 7}), Some("given_name")),
        (json!({"surname": "x".repeat(256)}), Some("surname")),
        (
            json!({"surname": "x", "notes": "x".repeat(65_537)}),
            Some("notes"),
        ),
        (
            json!({"surname": "x", "birthday": "1983-02-29"}),
            Some("birthday"),
        ),
        (json!({"emails": "bo@shop.example"}), Some("emails")),
        (json!({"emails": ["bo@shop.example"]}), Some("emails[0]")),
        (email("nobody"), Some("emails[0].email")),
        (
            json!({"emails": [{"type": "work"}]}),
            Some("emails[0].email"),
        ),
        (
            json!({"emails": vec![json!({"email": "a@b.example"}); 51]}),
            Some("emails"),
        ),
        (
            json!({"surname": "x", "phone_numbers": [{"number": "1"}, {"number": ""}]}),
            Some("phone_numbers[1].number"),
        ),
        (
            json!({"surname": "x", "metadata": {"key1": 1}}),
            Some("metadata.key1"),
        ),
        (json!({"surname": "x", "source": "cloud"}), Some("source")),
        (json!({"nickname": "Bo"}), None),
        (json!({}), None),
    ] {
        let refused = send(&account, Method::POST, "/contacts", body.clone()).await;
        assert_eq!(refused.error().0, 400, "{body}");
        assert_eq!(refused.json["error"]["field"].as_str(), field, "{body}");
    }
    assert_eq!(account.get("/contacts").await.json["data"], json!([]));
    let odd = json!({"surname": "x", "colour": "red", "picture": "base64", "emails": [{"email": "a@b.example", "x": 1}]});
    let made = send(&account, Method::POST, "/contacts", odd).await;
    assert_eq!(
        made.json["warnings"],
        json!([
            "unknown field ignored: emails[0].x",
            "unknown field ignored: colour"
        ])
    );
}

#[tokio::test]
async fn contacts_are_listed_thirty_at_a_time_filtered_and_reduced() {
    let account = Account::open().await;
    for number in 0..31 {
        let email = format!("c{number}@shop.example");
        make(
            &account,
            json!({"surname": format!("{number:02}"), "emails": [{"email": email}], "metadata": {"key1": (number % 2).to_string()}}),
        )
        .await;
    }
    let first = account.get("/contacts").await;
    let rows = first.json["data"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["surname"]), (30, &json!("00")));
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let rest = account
        .get(&format!("/contacts?limit=200&page_token={cursor}"))
        .await;
    assert_eq!(rest.json["data"][0]["surname"], "30");
    assert!(rest.json.get("next_cursor").is_none());
    let count = async |query: &str| {
        let listed = account.get(&format!("/contacts?{query}")).await;
        assert_eq!(listed.status, 200, "{query}: {:?}", listed.json);
        listed.json["data"].as_array().unwrap().len()
    };
    assert_eq!(count("email=C7@shop.example").await, 1);
    assert_eq!(count("metadata_pair=key1:1&limit=200").await, 15);
    assert_eq!(count("source=inbox,domain").await, 0);
    assert_eq!(
        count("group=any&recurse=true&profile_picture=true&limit=200").await,
        31
    );
    let reduced = account.get("/contacts?limit=1&select=surname").await;
    let members: Vec<&String> = reduced.json["data"][0]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(members, ["id", "grant_id", "object", "surname"]);
    for bad in [
        "source=cloud",
        "limit=0",
        "page_token=x",
        "metadata_pair=key9:x",
    ] {
        let refused = account.get(&format!("/contacts?{bad}")).await;
        assert_eq!(refused.error().0, 400, "{bad}");
    }
    let neighbour = account.neighbour("other").await;
    let foreign = neighbour
        .get(&format!("/contacts?page_token={cursor}"))
        .await;
    assert_eq!(foreign.error().0, 400);
    // The family that agent accounts do not have keeps its answers.
    assert_eq!(
        account.get("/contacts/groups").await.json["data"],
        json!([])
    );
}
