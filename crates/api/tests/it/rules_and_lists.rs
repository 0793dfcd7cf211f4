//! Rules and lists over HTTP: one row for each documented status and message.

use http::Method;
use serde_json::{Value, json};

use crate::office::Office;

const RULES: &str = "/v3/rules";
const LISTS: &str = "/v3/lists";

fn rule(conditions: Value, actions: Value) -> Value {
    json!({"name": "No strangers", "match": {"conditions": conditions}, "actions": actions})
}

fn blocking(field: &str, operator: &str, value: Value) -> Value {
    rule(
        json!([{"field": field, "operator": operator, "value": value}]),
        json!([{"type": "block"}]),
    )
}

async fn list(office: &Office, kind: &str) -> String {
    let made = office
        .post(LISTS, json!({"name": "Some", "type": kind}))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    made.json["data"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_rule_is_made_with_201_shown_changed_by_both_verbs_and_deleted() {
    let office = Office::open().await;
    let made = office
        .post(RULES, blocking("from.domain", "is", json!("Spam.Example")))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    let made = made.json["data"].clone();
    let id = made["id"].as_str().unwrap();
    for (member, value) in [
        ("name", json!("No strangers")),
        ("description", Value::Null),
        ("priority", json!(10)),
        ("enabled", json!(true)),
        ("trigger", json!("inbound")),
        ("application_id", json!(office.application_id)),
        (
            "match",
            json!({"operator": "all", "conditions": [{"field": "from.domain", "operator": "is", "value": "Spam.Example"}]}),
        ),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert!(made["organization_id"].is_string() && made["created_at"].is_i64());
    let one = format!("{RULES}/{id}");
    assert_eq!(office.get(&one).await.json["data"], made);
    let body = json!({"priority": 0, "description": "why", "colour": 1, "id": "x"});
    let changed = office
        .call(&office.key, Method::PUT, &one, Some(body))
        .await;
    assert_eq!(changed.status, 200, "{:?}", changed.json);
    assert_eq!(changed.json["data"]["priority"], 0);
    assert_eq!(changed.json["data"]["match"], made["match"]);
    assert_eq!(
        changed.json["warnings"],
        json!(["unknown field ignored: colour"])
    );
    let cleared = office.patch(&one, json!({"description": null})).await;
    assert_eq!(cleared.json["data"]["description"], Value::Null);
    let gone = office.delete(&one).await;
    assert_eq!(gone.status, 200);
    assert!(gone.json.get("data").is_none());
    for late in [office.get(&one).await, office.delete(&one).await] {
        assert_eq!(late.error(), (404, "not_found_error", "object not found"));
    }
}

#[tokio::test]
async fn rules_are_listed_one_level_deeper_with_the_cursor_twice() {
    let office = Office::open().await;
    let none = office.get(RULES).await;
    assert_eq!(none.json["data"], json!({"items": []}));
    assert!(none.json.get("next_cursor").is_none());
    for _ in 0..3 {
        let body = blocking("from.tld", "is", json!("ru"));
        assert_eq!(office.post(RULES, body).await.status, 201);
    }
    let first = office.get(&format!("{RULES}?limit=2")).await;
    let items = first.json["data"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let cursor = first.json["next_cursor"].as_str().unwrap();
    assert_eq!(first.json["data"]["next_cursor"], cursor);
    let last = office
        .get(&format!("{RULES}?limit=1&page_token={cursor}"))
        .await;
    assert_eq!(last.json["data"]["items"].as_array().unwrap().len(), 1);
    assert!(last.json.get("next_cursor").is_none());
    assert!(last.json["data"].get("next_cursor").is_none());
    let malformed = office.get(&format!("{RULES}?page_token=x")).await;
    assert_eq!(malformed.error().0, 400);
    let limit = office.get(&format!("{RULES}?limit=0")).await;
    assert_eq!(
        limit.error(),
        (
            400,
            "invalid_request_error",
            "limit: expected an integer of at least 1"
        )
    );
}

#[tokio::test]
async fn what_is_no_rule_is_refused_by_the_name_of_the_field() {
    let office = Office::open().await;
    let is = json!([{"field": "from.domain", "operator": "is", "value": "a.example"}]);
    let block = || json!([{"type": "block"}]);
    let mut nameless = rule(is.clone(), block());
    nameless.as_object_mut().unwrap().remove("name");
    let with = |member: &str, value: Value| {
        let mut body = rule(is.clone(), block());
        body[member] = value;
        body
    };
    let condition = |field: &str, operator: &str, value: Value| blocking(field, operator, value);
    for (body, field, message) in [
        (nameless, "name", "required"),
        (with("name", json!("")), "name", "1 to 256 characters"),
        (
            with("name", json!("x".repeat(257))),
            "name",
            "1 to 256 characters",
        ),
        (with("priority", json!(1_001)), "priority", "from 0 to 1000"),
        (with("priority", json!(-1)), "priority", "from 0 to 1000"),
        (with("enabled", json!("yes")), "enabled", "true or false"),
        (with("trigger", json!("sideways")), "trigger", "inbound"),
        (with("match", Value::Null), "match", "required"),
        (
            with("match", json!({"conditions": []})),
            "match.conditions",
            "1 to 50",
        ),
        (
            with("match", json!({"conditions": vec![is[0].clone(); 51]})),
            "match.conditions",
            "1 to 50",
        ),
        (
            with("match", json!({"operator": "some", "conditions": is})),
            "match.operator",
            "\"all\" or \"any\"",
        ),
        (with("actions", json!([])), "actions", "1 to 20"),
        (
            with("actions", json!([{"type": "block"}, {"type": "trash"}])),
            "actions",
            "must be the only action",
        ),
        (
            with("actions", json!([{"type": "explode"}])),
            "actions[0].type",
            "unknown action \"explode\"",
        ),
        (
            with("actions", json!([{"type": "archive", "value": "x"}])),
            "actions[0].value",
            "takes no value",
        ),
        (
            with("actions", json!([{"type": "hold"}])),
            "actions[0].type",
            "needs trigger \"outbound\"",
        ),
        (
            condition("from.colour", "is", json!("red")),
            "match.conditions[0].field",
            "unknown field \"from.colour\"",
        ),
        (
            condition("from.domain", "like", json!("x")),
            "match.conditions[0].operator",
            "unknown operator \"like\"",
        ),
        (
            condition("outbound.type", "is", json!("reply")),
            "match.conditions[0].field",
            "needs trigger \"outbound\"",
        ),
        (
            condition("subject", "in_list", json!(["x"])),
            "match.conditions[0].operator",
            "does not apply",
        ),
        (
            condition("from.domain", "in_list", json!([])),
            "match.conditions[0].value",
            "1 to 50",
        ),
        (
            condition("subject", "contains", json!("x".repeat(1_001))),
            "match.conditions[0].value",
            "at most 1000 characters",
        ),
    ] {
        let refused = office.post(RULES, body.clone()).await;
        let (status, kind, text) = refused.error();
        assert_eq!((status, kind), (400, "invalid_request_error"), "{body}");
        assert!(text.contains(message), "{text}: {body}");
        assert_eq!(refused.json["error"]["field"], field, "{body}");
    }
    let all = office.get(RULES).await;
    assert_eq!(all.json["data"]["items"], json!([]), "nothing was made");
}

#[tokio::test]
async fn a_list_that_is_not_there_or_does_not_fit_is_an_invalid_field() {
    let office = Office::open().await;
    let domains = list(&office, "domain").await;
    let nobodys = "0190f3c9-0000-7000-8000-000000000000";
    for (field, id) in [
        ("from.domain", nobodys),
        ("from.address", domains.as_str()),
        ("envelope.recipient", domains.as_str()),
    ] {
        let body = blocking(field, "in_list", json!([id]));
        let refused = office.post(RULES, body).await;
        let (status, kind, text) = refused.error();
        assert_eq!((status, kind), (400, "invalid_field"), "{field}");
        assert!(
            text.starts_with(&format!("invalid list ID \"{id}\"")),
            "{text}"
        );
        assert_eq!(refused.json["error"]["field"], "match.conditions[0].value");
    }
    // A single text is a list of one.
    let body = blocking("from.domain", "in_list", json!(domains));
    let made = office.post(RULES, body).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    assert_eq!(
        made.json["data"]["match"]["conditions"][0]["value"],
        json!([domains])
    );
}

#[tokio::test]
async fn a_list_is_made_with_201_and_keeps_its_type() {
    let office = Office::open().await;
    let made = office
        .post(LISTS, json!({"name": "Bad", "type": "domain", "colour": 1}))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    assert_eq!(
        made.json["warnings"],
        json!(["unknown field ignored: colour"])
    );
    let made = made.json["data"].clone();
    assert_eq!(made["items_count"], 0);
    assert_eq!(made["description"], Value::Null);
    let one = format!("{LISTS}/{}", made["id"].as_str().unwrap());
    assert_eq!(office.get(&one).await.json["data"], made);
    let same = office.patch(&one, json!({"type": "domain"})).await;
    assert_eq!(same.json["data"], made);
    for (body, text) in [
        (json!({"type": "tld"}), "type: cannot be changed"),
        (json!({"name": ""}), "name: expected 1 to 256 characters"),
        (json!({"name": null}), "name: must not be null"),
    ] {
        let refused = office.patch(&one, body).await;
        assert_eq!(refused.error(), (400, "invalid_request_error", text));
    }
    for (body, field) in [
        (json!({"type": "domain"}), "name"),
        (json!({"name": "x"}), "type"),
        (json!({"name": "x", "type": "colour"}), "type"),
        (json!({"name": "x".repeat(257), "type": "tld"}), "name"),
    ] {
        let refused = office.post(LISTS, body.clone()).await;
        assert_eq!(refused.error().1, "invalid_request_error", "{body}");
        assert_eq!(refused.json["error"]["field"], field, "{body}");
    }
    let all = office.get(LISTS).await;
    assert_eq!(all.json["data"], json!([made]));
    assert_eq!(office.delete(&one).await.status, 200);
    assert_eq!(office.get(&one).await.error().0, 404);
}

#[tokio::test]
async fn items_are_added_and_removed_by_bodies_and_answer_the_list() {
    let office = Office::open().await;
    let id = list(&office, "domain").await;
    let items = format!("{LISTS}/{id}/items");
    let body = |items: Value| Some(json!({ "items": items }));
    let added = office
        .post(
            &items,
            json!({"items": ["@Spam.Example", "spam.example", "a.example"]}),
        )
        .await;
    assert_eq!(added.status, 200, "{:?}", added.json);
    assert_eq!(added.json["data"]["id"], id);
    assert_eq!(added.json["data"]["items_count"], 2);
    let page = office.get(&format!("{items}?limit=1")).await;
    let row = &page.json["data"][0];
    assert_eq!(row["list_id"], id);
    assert!(row["id"].is_string() && row["value"].is_string() && row["created_at"].is_i64());
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let rest = office.get(&format!("{items}?page_token={cursor}")).await;
    assert_eq!(rest.json["data"].as_array().map(Vec::len), Some(1));
    assert!(rest.json.get("next_cursor").is_none());
    let removed = office
        .call(
            &office.key,
            Method::DELETE,
            &items,
            body(json!(["SPAM.example", "unknown.example", "no domain"])),
        )
        .await;
    assert_eq!(removed.status, 200, "{:?}", removed.json);
    assert_eq!(removed.json["data"]["items_count"], 1);
    for (method, sent) in [
        (Method::POST, json!({})),
        (Method::POST, json!({"items": []})),
        (Method::POST, json!({"items": ["a@b.example"]})),
        (Method::POST, json!({"items": "a.example"})),
        (Method::POST, json!({"items": vec!["a.example"; 1_001]})),
        (Method::DELETE, json!({})),
        (Method::DELETE, json!({"items": []})),
        (Method::DELETE, json!({"items": vec!["a.example"; 1_001]})),
    ] {
        let refused = office
            .call(&office.key, method.clone(), &items, Some(sent))
            .await;
        assert_eq!(refused.error().1, "invalid_request_error", "{method}");
    }
    let whole = vec!["a.example"; 1_000];
    let fits = office.post(&items, json!({ "items": whole })).await;
    assert_eq!(fits.status, 200);
    let nobodys = format!("{LISTS}/0190f3c9-0000-7000-8000-000000000000/items");
    let absent = office.post(&nobodys, json!({"items": ["a.example"]})).await;
    assert_eq!(absent.error().0, 404);
}

#[tokio::test]
async fn a_workspace_lists_rules_that_are_there_and_loses_those_that_go() {
    let office = Office::open().await;
    let made = office
        .post(RULES, blocking("from.tld", "is", json!("ru")))
        .await;
    let id = made.json["data"]["id"].as_str().unwrap().to_owned();
    let workspaces = office.get("/v3/workspaces").await;
    let default = workspaces.json["data"][0]["workspace_id"].as_str().unwrap();
    let default = format!("/v3/workspaces/{default}");
    let attached = office.patch(&default, json!({"rule_ids": [id, id]})).await;
    assert_eq!(attached.json["data"]["rule_ids"], json!([id]));
    let nobodys = "0190f3c2-0000-7000-8000-000000000000";
    let refused = office
        .patch(&default, json!({"rule_ids": [id, nobodys]}))
        .await;
    assert_eq!(
        refused.error(),
        (
            400,
            "invalid_field",
            &*format!("invalid rule ID \"{nobodys}\"")
        )
    );
    let empty = office.patch(&default, json!({"policy_id": ""})).await;
    assert_eq!(
        empty.error(),
        (
            400,
            "invalid_request_error",
            "policy_id: expected an id or null"
        )
    );
    office.delete(&format!("{RULES}/{id}")).await;
    assert_eq!(
        office.get(&default).await.json["data"]["rule_ids"],
        json!([])
    );
}

#[tokio::test]
async fn other_applications_and_narrow_keys_see_no_rules_and_lists() {
    let office = Office::open().await;
    let list_id = list(&office, "domain").await;
    let made = office
        .post(RULES, blocking("from.domain", "in_list", json!([list_id])))
        .await;
    let rule_id = made.json["data"]["id"].as_str().unwrap();
    let one_rule = format!("{RULES}/{rule_id}");
    let one_list = format!("{LISTS}/{list_id}");
    let items = format!("{one_list}/items");
    let other = office.other_key().await;
    let seen = office.call(&other, Method::GET, RULES, None).await;
    assert_eq!(seen.json["data"], json!({"items": []}));
    let seen = office.call(&other, Method::GET, LISTS, None).await;
    assert_eq!(seen.json["data"], json!([]));
    let named = json!({"items": ["a.example"]});
    for (method, target, body) in [
        (Method::GET, &one_rule, None),
        (Method::PATCH, &one_rule, Some(json!({"enabled": false}))),
        (Method::DELETE, &one_rule, None),
        (Method::GET, &one_list, None),
        (Method::PATCH, &one_list, Some(json!({"name": "x"}))),
        (Method::DELETE, &one_list, None),
        (Method::GET, &items, None),
        (Method::POST, &items, Some(named.clone())),
        (Method::DELETE, &items, Some(named)),
    ] {
        let refused = office.call(&other, method.clone(), target, body).await;
        assert_eq!(refused.error().0, 404, "{method} {target}");
    }
    let theirs = blocking("from.domain", "in_list", json!([list_id]));
    let refused = office.call(&other, Method::POST, RULES, Some(theirs)).await;
    assert_eq!(refused.error().1, "invalid_field", "a foreign list");
    let account = office.account("agent@agents.test").await;
    let scope = json!({"name": "narrow", "scope": {"type": "grant", "id": account["id"]}});
    let narrow = office.make_key(&office.application_id, scope).await;
    for target in [RULES, LISTS] {
        let refused = office.call(&narrow, Method::GET, target, None).await;
        assert_eq!(refused.error().0, 403, "{target}");
    }
    for target in [&one_rule, &one_list, &items] {
        let refused = office.call(&narrow, Method::GET, target, None).await;
        assert_eq!(refused.error().0, 404, "{target}");
    }
    let reader = json!({"name": "reader", "read_only": true});
    let reader = office.make_key(&office.application_id, reader).await;
    let read = office.call(&reader, Method::GET, &one_rule, None).await;
    assert_eq!(read.status, 200);
    let body = Some(json!({"enabled": false}));
    let refused = office.call(&reader, Method::PATCH, &one_rule, body).await;
    assert_eq!(refused.error().1, "forbidden");
}
