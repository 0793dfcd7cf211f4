//! What the compatible service has and agent accounts do not: every family, every method, in both forms.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;

use crate::account::Account;
use crate::door::{Answered, request};

/// What each family is called in refusals, and its collection.
const FAMILIES: [(&str, &str); 16] = [
    ("signatures", "signatures"),
    ("templates", "templates"),
    ("workflows", "workflows"),
    ("notetakers", "notetakers"),
    ("scheduling", "scheduling"),
    ("scheduling", "scheduling/configurations"),
    ("scheduling", "scheduling/bookings"),
    ("scheduling", "scheduling/sessions"),
    ("resources", "resources"),
    ("contact groups", "contacts/groups"),
    ("smart compose", "smart-compose"),
    ("smart compose", "messages/smart-compose"),
    ("attachment uploads", "attachment-uploads"),
    ("Pub/Sub", "channels/pubsub"),
    ("SNS", "channels/sns"),
    ("credentials", "connectors/nylas/creds"),
];

/// What may stand below a collection.
const BELOW: [&str; 3] = [
    "/one",
    "/one/two",
    "/0190f3d0-1111-7aaa-8bbb-000000000001/complete",
];

const WRITES: [Method; 4] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

async fn ask(account: &Account, method: Method, path: &str) -> Answered {
    let asked = account.with_key(request(method, path));
    account.door.send(asked).await
}

/// Bodies as clients send them, and as no client would: all are refused for the same reason.
fn with_body(asked: Request<Full<Bytes>>, body: &'static str) -> Request<Full<Bytes>> {
    asked.map(|_| Full::from(Bytes::from_static(body.as_bytes())))
}

#[track_caller]
fn assert_refused(answer: &Answered, feature: &str, asked: &str) {
    let (status, kind, message) = answer.error();
    assert_eq!((status, kind), (400, "not_supported"), "{asked}: {message}");
    assert!(message.contains(feature), "{asked}: {message}");
}

#[tokio::test]
async fn every_family_lists_nothing_and_refuses_the_rest_by_its_name_in_both_forms() {
    let account = Account::open().await;
    let of_grant = format!("/v3/grants/{}", account.id);
    for (feature, collection) in FAMILIES {
        for form in [of_grant.as_str(), "/v3"] {
            let path = format!("{form}/{collection}");
            let listed = ask(&account, Method::GET, &path).await;
            assert_eq!(listed.status, 200, "{path}");
            assert_eq!(
                listed.json["data"].as_array().map(Vec::len),
                Some(0),
                "{path}"
            );
            assert!(listed.json.get("next_cursor").is_none(), "{path}");
            for method in WRITES {
                let refused = ask(&account, method.clone(), &path).await;
                assert_refused(&refused, feature, &format!("{method} {path}"));
            }
            for below in BELOW {
                let path = format!("{path}{below}");
                // A collection of its own lies there.
                if FAMILIES.iter().any(|(_, other)| path.ends_with(other)) {
                    continue;
                }
                for method in [&WRITES[..], &[Method::GET]].concat() {
                    let refused = ask(&account, method.clone(), &path).await;
                    assert_refused(&refused, feature, &format!("{method} {path}"));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_changes_nothing_about_a_refusal() {
    let account = Account::open().await;
    for body in ["{}", r#"{"name":"Signature","body":"x"}"#, "not JSON", "[]"] {
        let asked = account.with_key(request(Method::POST, "/v3/signatures"));
        let refused = account.door.send(with_body(asked, body)).await;
        assert_refused(&refused, "signatures", body);
    }
}

#[tokio::test]
async fn composed_replies_are_refused_for_messages_that_exist_only() {
    let account = Account::open().await;
    account.receive("Hello", "Hi.").await;
    let listed = account.get("/messages").await;
    let id = listed.json["data"][0]["id"].as_str().expect("an id");
    let composed = |id: &str| format!("/v3/grants/{}/messages/{id}/smart-compose", account.id);
    for method in WRITES {
        let refused = ask(&account, method, &composed(id)).await;
        assert_refused(&refused, "smart compose", id);
    }
    let nobodys = composed("0190f3d0-1111-7aaa-8bbb-000000000001");
    let missing = ask(&account, Method::POST, &nobodys).await;
    assert_eq!(missing.error().0, 404);
}

#[tokio::test]
async fn families_need_a_key_and_an_account_that_is_there() {
    let account = Account::open().await;
    for (_, collection) in FAMILIES {
        let open = request(Method::GET, &format!("/v3/{collection}"));
        assert_eq!(account.door.send(open).await.error().0, 401, "{collection}");
        let elsewhere = format!("/v3/grants/0190f3d0-1111-7aaa-8bbb-000000000001/{collection}");
        for method in [Method::GET, Method::POST] {
            let missing = ask(&account, method, &elsewhere).await;
            assert_eq!(missing.error().0, 404, "{collection}");
        }
    }
}

#[tokio::test]
async fn migration_tools_do_not_exist_at_all() {
    let account = Account::open().await;
    for path in ["/v3/migration-tools", "/v3/migration-tools/connect/grants"] {
        for method in [Method::GET, Method::POST] {
            let missing = ask(&account, method, path).await;
            assert_eq!(missing.error().0, 404, "{path}");
            assert_eq!(missing.error().1, "not_found_error", "{path}");
        }
    }
}

#[tokio::test]
async fn tokens_and_hosted_sign_in_are_refused_with_or_without_a_key_and_whatever_is_posted() {
    let account = Account::open().await;
    for path in [
        "/v3/connect/auth?client_id=x",
        "/v3/connect/tokeninfo?id_token=x",
    ] {
        for asked in [
            request(Method::GET, path),
            account.with_key(request(Method::GET, path)),
        ] {
            let refused = account.door.send(asked).await;
            assert_eq!(refused.error().0, 400, "{path}");
            assert_eq!(refused.error().1, "not_supported", "{path}");
        }
    }
    // Clients take this path for one of OAuth too: those keys are beside the error.
    let info = account.door.get("/v3/connect/tokeninfo?id_token=x").await;
    assert_eq!(info.json["error_code"], 0);
    assert!(info.json["error_description"].is_string() && info.json["error_uri"].is_string());
    for path in ["/v3/connect/token", "/v3/connect/revoke?token=x"] {
        for body in [
            "",
            "{}",
            r#"{"grant_type":"authorization_code","code":"x"}"#,
            "a=b",
        ] {
            let open = with_body(request(Method::POST, path), body);
            let keyed = with_body(account.with_key(request(Method::POST, path)), body);
            for asked in [open, keyed] {
                let refused = account.door.send(asked).await;
                assert_eq!(refused.status, 400, "{path}");
                assert_eq!(refused.json["error"], "unsupported_grant_type", "{path}");
                assert_eq!(refused.json["error_code"], 0, "{path}");
                for field in ["error_description", "error_uri", "request_id"] {
                    assert!(refused.json[field].is_string(), "{path}: {field}");
                }
                assert_eq!(
                    refused.json["request_id"],
                    refused.header("x-request-id").unwrap()
                );
            }
        }
    }
}
