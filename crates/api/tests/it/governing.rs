//! What rules do to mail, told over HTTP: refusals, evaluations, and rules that are tried first.

use http::Method;
use serde_json::{Value, json};

use crate::office::Office;

const DRY_RUN: &str = "/v3/rules/dry-run";

fn rule(trigger: &str, field: &str, operator: &str, value: Value, action: &str) -> Value {
    json!({
        "name": "No strangers", "trigger": trigger,
        "match": {"conditions": [{"field": field, "operator": operator, "value": value}]},
        "actions": [{"type": action}],
    })
}

async fn govern(office: &Office, rule: Value) -> String {
    let made = office.post("/v3/rules", rule).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    let id = made.json["data"]["id"].as_str().unwrap().to_owned();
    let workspaces = office.get("/v3/workspaces").await;
    let default = workspaces.json["data"][0]["workspace_id"].as_str().unwrap();
    let attached = office
        .patch(
            &format!("/v3/workspaces/{default}"),
            json!({"rule_ids": [id]}),
        )
        .await;
    assert_eq!(attached.status, 200);
    id
}

async fn grant(office: &Office, email: &str) -> String {
    office.account(email).await["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_send_that_a_rule_blocks_is_403_and_its_evaluation_says_why() {
    let office = Office::open().await;
    let grant = grant(&office, "agent@agents.test").await;
    let blocked = rule(
        "outbound",
        "recipient.domain",
        "is",
        json!("evil.example"),
        "block",
    );
    let rule = govern(&office, blocked).await;
    let body = json!({"to": [{"email": "X@Evil.example"}], "subject": "s", "body": "b"});
    let refused = office
        .post(&format!("/v3/grants/{grant}/messages/send"), body)
        .await;
    let message = format!("Blocked by rule \"No strangers\" ({rule})");
    assert_eq!(refused.error(), (403, "forbidden", &*message));
    let messages = office.get(&format!("/v3/grants/{grant}/messages")).await;
    assert_eq!(messages.json["data"], json!([]));

    let path = format!("/v3/grants/{grant}/rule-evaluations");
    let listed = office.get(&path).await;
    assert_eq!(listed.status, 200);
    assert!(listed.json.get("next_cursor").is_none());
    let one = &listed.json["data"][0];
    for (member, value) in [
        ("grant_id", json!(grant)),
        ("message_id", Value::Null),
        ("evaluation_stage", json!("outbound_send")),
        ("applied_actions", json!({"blocked": true})),
        ("matched_rule_ids", json!([rule])),
        ("application_id", json!(office.application_id)),
        ("created_at", one["evaluated_at"].clone()),
        (
            "evaluation_input",
            json!({
                "from_address": "agent@agents.test", "from_domain": "agents.test", "from_tld": "test",
                "recipient_addresses": ["X@evil.example"], "recipient_domains": ["evil.example"],
                "recipient_tlds": ["example"], "outbound_type": "compose",
            }),
        ),
    ] {
        assert_eq!(one[member], value, "{member}");
    }
    for (query, count) in [
        ("?outcome=block", 1),
        ("?outcome=deliver", 0),
        ("?evaluation_stage=outbound_send", 1),
        ("?evaluation_stage=smtp_rcpt", 0),
        ("?message_id=0190f3c2-0000-7000-8000-000000000000", 0),
        ("?evaluated_before=1", 0),
        ("?evaluated_after=1", 1),
    ] {
        let rows = office.get(&format!("{path}{query}")).await;
        assert_eq!(
            rows.json["data"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    for query in [
        "?outcome=maybe",
        "?evaluation_stage=late",
        "?limit=0",
        "?page_token=x",
    ] {
        let refused = office.get(&format!("{path}{query}")).await;
        assert_eq!(refused.error().0, 400, "{query}");
    }
}

#[tokio::test]
async fn evaluations_come_in_pages_whose_cursors_go_on_where_they_ended() {
    let office = Office::open().await;
    let grant = grant(&office, "agent@agents.test").await;
    govern(
        &office,
        rule("outbound", "subject", "is", json!("s"), "block"),
    )
    .await;
    let send = format!("/v3/grants/{grant}/messages/send");
    for _ in 0..3 {
        let body = json!({"to": [{"email": "x@y.example"}], "subject": "S", "body": "b"});
        assert_eq!(office.post(&send, body).await.status, 403);
    }
    let path = format!("/v3/grants/{grant}/rule-evaluations");
    let first = office.get(&format!("{path}?limit=2")).await;
    assert_eq!(first.json["data"].as_array().unwrap().len(), 2);
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let last = office
        .get(&format!("{path}?limit=2&page_token={cursor}"))
        .await;
    assert_eq!(last.json["data"].as_array().unwrap().len(), 1);
    assert!(last.json.get("next_cursor").is_none());
}

#[tokio::test]
async fn a_rule_is_tried_on_a_message_before_it_is_written_and_nothing_happens() {
    let office = Office::open().await;
    let inline = json!([
        rule(
            "inbound",
            "from.domain",
            "is",
            json!("shop.example"),
            "archive"
        ),
        rule("inbound", "subject", "contains", json!("offer"), "block"),
        rule("inbound", "subject", "contains", json!("never"), "trash"),
    ]);
    let body = json!({
        "trigger": "inbound",
        "rules": inline,
        "message": {"from": "Buyer@Shop.Example", "subject": "An Offer", "body": "x",
                    "envelope_to": "agent@agents.test"},
    });
    let tried = office.post(DRY_RUN, body).await;
    assert_eq!(tried.status, 200, "{:?}", tried.json);
    let data = &tried.json["data"];
    assert_eq!(data["outcome"], "block");
    assert_eq!(data["folder"], Value::Null);
    assert_eq!(data["applied_actions"], json!({"blocked": true}));
    assert_eq!(data["matched_rule_ids"], json!(["rules[0]", "rules[1]"]));
    assert_eq!(
        data["trace"].as_array().unwrap().len(),
        2,
        "it ends at the block"
    );
    assert_eq!(
        data["trace"][1],
        json!({
            "rule_id": "rules[1]", "name": "No strangers", "matched": true,
            "conditions": [{"field": "subject", "operator": "contains", "value": "offer",
                            "actual": "an offer", "matched": true}],
        })
    );
    assert_eq!(
        office.get("/v3/rules").await.json["data"],
        json!({"items": []})
    );
}

#[tokio::test]
async fn the_rules_of_an_account_are_tried_with_what_its_mailbox_knows() {
    let office = Office::open().await;
    let grant = grant(&office, "agent@agents.test").await;
    let held = rule("outbound", "recipient.known", "is", json!(false), "hold");
    let id = govern(&office, held).await;
    let body = json!({
        "trigger": "outbound", "grant_id": grant,
        "message": {"to": [{"email": "new@shop.example"}], "subject": "Hi"},
    });
    let tried = office.post(DRY_RUN, body.clone()).await;
    assert_eq!(tried.json["data"]["outcome"], "hold", "{:?}", tried.json);
    assert_eq!(tried.json["data"]["matched_rule_ids"], json!([id]));
    assert_eq!(tried.json["data"]["applied_actions"], json!({"held": true}));
    let evaluations = format!("/v3/grants/{grant}/rule-evaluations");
    assert_eq!(office.get(&evaluations).await.json["data"], json!([]));
    // By id, without a mailbox: whether somebody is known is not known, and matches nothing.
    let by_id = json!({
        "trigger": "outbound", "rule_ids": [id],
        "message": {"to": ["new@shop.example"]},
    });
    let tried = office.post(DRY_RUN, by_id).await;
    assert_eq!(tried.json["data"]["outcome"], "deliver");
    assert_eq!(tried.json["data"]["folder"], "Sent");
    assert_eq!(
        tried.json["data"]["trace"][0]["conditions"][0]["actual"],
        Value::Null
    );
    let other = office.other_key().await;
    let foreign = office.call(&other, Method::POST, DRY_RUN, Some(body)).await;
    assert_eq!(
        foreign.error(),
        (404, "not_found_error", "object not found")
    );
}

#[tokio::test]
async fn a_stored_message_can_be_tried_again() {
    let office = Office::open().await;
    let grant = grant(&office, "agent@agents.test").await;
    let send = format!("/v3/grants/{grant}/messages/send");
    let body = json!({"to": [{"email": "x@shop.example"}], "subject": "Offer", "body": "b"});
    let sent = office.post(&send, body).await;
    let message = sent.json["data"]["id"].as_str().unwrap();
    let body = json!({
        "trigger": "outbound", "grant_id": grant, "message_id": message,
        "rules": [rule("outbound", "recipient.address", "is", json!("x@shop.example"), "trash")],
    });
    let tried = office.post(DRY_RUN, body.clone()).await;
    assert_eq!(tried.json["data"]["folder"], "Trash", "{:?}", tried.json);
    let mut without = body;
    without.as_object_mut().unwrap().remove("grant_id");
    let refused = office.post(DRY_RUN, without).await;
    assert_eq!(refused.error().0, 400);
    assert_eq!(refused.json["error"]["field"], "grant_id");
}

#[tokio::test]
async fn a_trial_that_is_none_is_refused_by_the_name_of_its_field() {
    let office = Office::open().await;
    let nobodys = "0190f3c2-0000-7000-8000-000000000000";
    let message = json!({"from": "a@b.example"});
    let block = rule("inbound", "subject", "is", json!("x"), "block");
    let wrong = rule("inbound", "subject", "like", json!("x"), "block");
    for (body, field, kind) in [
        (
            json!({"rules": [block], "message": message}),
            "trigger",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "both", "rules": [block], "message": message}),
            "trigger",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "message": message}),
            "rules",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "rules": [block], "rule_ids": [nobodys], "message": message}),
            "rules",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "rules": [block]}),
            "message",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "rules": [], "message": message}),
            "rules",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "rules": [wrong], "message": message}),
            "rules[0].match.conditions[0].operator",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "rule_ids": [nobodys], "message": message}),
            "rule_ids",
            "invalid_field",
        ),
        (
            json!({"trigger": "outbound", "rules": [block], "message": {"to": ["no address"]}}),
            "message.to[0].email",
            "invalid_request_error",
        ),
        (
            json!({"trigger": "inbound", "rules": [block], "message": {"spam_score": "high"}}),
            "message.spam_score",
            "invalid_request_error",
        ),
    ] {
        let refused = office.post(DRY_RUN, body.clone()).await;
        assert_eq!(refused.error().0, 400, "{body}: {:?}", refused.json);
        assert_eq!(refused.error().1, kind, "{body}");
        assert_eq!(refused.json["error"]["field"], field, "{body}");
    }
}
