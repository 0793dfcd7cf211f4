//! The OpenAPI document: whole, committed, and served to everyone.

use http::Method;
use posthouse_api::openapi;
use serde_json::Value;

use crate::door::{Door, request};

#[test]
fn every_route_is_described() {
    let silent: Vec<String> = posthouse_api::routes()
        .iter()
        .filter(|route| !route.is_described())
        .map(|route| format!("{route:?}"))
        .collect();
    assert!(silent.is_empty(), "no description: {silent:#?}");
}

#[test]
fn the_committed_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == openapi::page(),
        "docs/openapi.json is stale: run `cargo xtask docs`"
    );
}

#[test]
fn operations_have_distinct_ids_a_summary_and_a_good_answer_or_a_refusal() {
    let document = openapi::document(&posthouse_api::routes());
    let mut ids = std::collections::HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            if verb == "parameters" {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(
                !id.ends_with("Again"),
                "{verb} {path} needs an id of its own"
            );
            assert!(
                !operation["summary"].as_str().unwrap_or_default().is_empty(),
                "{id}"
            );
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|all| all.len() > 3),
                "{id}"
            );
        }
    }
}

#[tokio::test]
async fn the_document_is_served_without_a_key_and_names_the_prefix() {
    let door = Door::open().await;
    let answer = door.get("/v3/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let committed: Value = serde_json::from_str(&openapi::page()).unwrap();
    assert_eq!(answer.json, committed);
    assert_eq!(answer.json["servers"][0]["url"], "/");

    let door = Door::below("/mail").await;
    let behind = door
        .send(request(Method::GET, "/mail/v3/openapi.json"))
        .await;
    let mut expected: Value = answer.json.clone();
    expected["servers"][0]["url"] = "/mail".into();
    assert_eq!(behind.json, expected);
}
