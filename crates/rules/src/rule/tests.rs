//! Rules read and checked: what is refused, and in which words.

use posthouse_types::ids::Kind;
use serde_json::json;

use super::*;
use crate::list::ListType;

fn codec() -> IdCodec {
    IdCodec::new(*b"0123456789abcdef")
}

fn read(value: Value) -> Result<Rule, Fault> {
    Rule::from_json(Key(7), 100, &value, &codec())
}

fn rule_of(trigger: &str, condition: Value) -> Value {
    json!({"name": "r", "trigger": trigger, "match": {"conditions": [condition]}, "actions": [{"type": "trash"}]})
}

fn list_id(key: i64) -> String {
    codec().seal(Kind::List, Key(key)).to_string()
}

/// Every field with the one trigger it is for and every operator it takes, as the documentation has them.
const TABLE: [(&str, Option<&str>, &[&str]); 15] = [
    (
        "from.address",
        None,
        &["is", "is_not", "contains", "in_list", "not_in_list"],
    ),
    (
        "from.domain",
        None,
        &["is", "is_not", "contains", "in_list", "not_in_list"],
    ),
    (
        "from.tld",
        None,
        &["is", "is_not", "contains", "in_list", "not_in_list"],
    ),
    (
        "recipient.address",
        Some("outbound"),
        &["is", "is_not", "contains", "in_list", "not_in_list"],
    ),
    (
        "recipient.domain",
        Some("outbound"),
        &["is", "is_not", "contains", "in_list", "not_in_list"],
    ),
    (
        "recipient.tld",
        Some("outbound"),
        &["is", "is_not", "contains", "in_list", "not_in_list"],
    ),
    ("outbound.type", Some("outbound"), &["is", "is_not"]),
    ("recipient.known", Some("outbound"), &["is"]),
    (
        "envelope.recipient",
        Some("inbound"),
        &["is", "is_not", "contains", "in_list"],
    ),
    ("subject", None, &["is", "is_not", "contains"]),
    ("header.x-own", None, &["is", "is_not", "contains"]),
    ("header.list-id", None, &["is", "is_not", "contains"]),
    ("spam.score", Some("inbound"), &["gte", "lte"]),
    ("has_attachment", None, &["is"]),
    ("attachment.type", None, &["is", "is_not", "contains"]),
];

fn value_for(field: &str, operator: &str) -> Value {
    match (field, operator) {
        (_, "in_list" | "not_in_list") => json!([list_id(3)]),
        ("spam.score", _) => json!(4.5),
        ("has_attachment" | "recipient.known", _) => json!(true),
        ("outbound.type", _) => json!("reply"),
        ("attachment.type", "contains") => json!("image/"),
        ("attachment.type", _) => json!("image/*"),
        (field, _) if field.ends_with("address") || field == "envelope.recipient" => {
            json!("Ann@Shop.Example")
        }
        (field, _) if field.ends_with("domain") => json!("Shop.Example"),
        (field, _) if field.ends_with("tld") => json!(".co.uk"),
        _ => json!("Text"),
    }
}

#[test]
fn each_field_takes_the_documented_operators_under_the_documented_trigger() {
    for (field, only, operators) in TABLE {
        for operator in Operator::ALL.map(Operator::name) {
            for trigger in ["inbound", "outbound"] {
                let condition = json!({"field": field, "operator": operator, "value": value_for(field, operator)});
                let outcome = read(rule_of(trigger, condition.clone()));
                let fits_trigger = only.is_none_or(|only| only == trigger);
                let is_documented = fits_trigger && operators.contains(&operator);
                assert_eq!(
                    outcome.is_ok(),
                    is_documented,
                    "{trigger} {field} {operator}: {outcome:?}"
                );
                match outcome {
                    Ok(rule) => {
                        assert_eq!(rule.to_json(&codec())["match"]["conditions"][0], condition);
                    }
                    Err(fault) if fits_trigger => {
                        assert_eq!(fault.field, "match.conditions[0].operator");
                        assert_eq!(
                            fault.message,
                            format!("operator \"{operator}\" does not apply to field \"{field}\"")
                        );
                    }
                    Err(fault) => {
                        assert_eq!(fault.field, "match.conditions[0].field");
                        let only = only.unwrap();
                        assert_eq!(
                            fault.message,
                            format!("field \"{field}\" needs trigger \"{only}\"")
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn each_action_takes_what_is_documented() {
    for (name, takes_value, inbound) in [
        ("block", false, true),
        ("mark_as_spam", false, true),
        ("assign_to_folder", true, true),
        ("move_to_folder", true, true),
        ("archive", false, true),
        ("trash", false, true),
        ("mark_as_read", false, true),
        ("mark_as_starred", false, true),
        ("hold", false, false),
    ] {
        for trigger in ["inbound", "outbound"] {
            for with_value in [false, true] {
                let mut action = json!({"type": name});
                if with_value {
                    action["value"] = json!("Later");
                }
                let mut rule = rule_of(
                    trigger,
                    json!({"field": "subject", "operator": "is", "value": "x"}),
                );
                rule["actions"] = json!([action]);
                let outcome = read(rule);
                let is_documented = takes_value == with_value && (inbound || trigger == "outbound");
                assert_eq!(
                    outcome.is_ok(),
                    is_documented,
                    "{trigger} {name} {with_value}: {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let rule = read(json!({
        "name": "Newsletters",
        "match": {"conditions": [{"field": "header.List-Id", "operator": "contains", "value": "News"}]},
        "actions": [{"type": "move_to_folder", "value": "/News"}, {"type": "mark_as_read"}],
    }))
    .unwrap();
    assert_eq!(
        Value::Object(rule.to_json(&codec())),
        json!({
            "name": "Newsletters", "description": null, "priority": 10, "enabled": true, "trigger": "inbound",
            "match": {"operator": "all", "conditions": [{"field": "header.list-id", "operator": "contains", "value": "News"}]},
            "actions": [{"type": "assign_to_folder", "value": "/News"}, {"type": "mark_as_read"}],
        })
    );
}

#[test]
fn each_mistake_is_named_where_it_is() {
    let condition = json!({"field": "subject", "operator": "is", "value": "x"});
    let good = rule_of("inbound", condition.clone());
    let with = |pointer: &str, value: Value| {
        let mut rule = good.clone();
        *rule.pointer_mut(pointer).unwrap() = value;
        rule
    };
    let many = |count: usize, one: &Value| Value::Array(vec![one.clone(); count]);
    let cases = [
        (json!([]), "", "expected an object"),
        (with("/name", json!(null)), "name", "is required"),
        (with("/name", json!(1)), "name", "expected a string"),
        (
            with("/name", json!("")),
            "name",
            "expected 1 to 256 characters",
        ),
        (
            with("/name", json!("x".repeat(257))),
            "name",
            "expected 1 to 256 characters",
        ),
        (
            with("/trigger", json!("both")),
            "trigger",
            "expected \"inbound\" or \"outbound\"",
        ),
        (with("/match", json!(null)), "match", "is required"),
        (
            with("/match", json!([])),
            "match",
            "expected an object with conditions",
        ),
        (
            with("/match/conditions", json!([])),
            "match.conditions",
            "expected 1 to 50 entries",
        ),
        (
            with("/match/conditions", many(51, &condition)),
            "match.conditions",
            "expected 1 to 50 entries",
        ),
        (
            with("/match/conditions/0", json!("x")),
            "match.conditions[0]",
            "expected an object with field, operator and value",
        ),
        (
            with("/match/conditions/0/field", json!("body")),
            "match.conditions[0].field",
            "unknown field \"body\"",
        ),
        (
            with("/match/conditions/0/field", json!("header.")),
            "match.conditions[0].field",
            "unknown field \"header.\"",
        ),
        (
            with("/match/conditions/0/field", json!(null)),
            "match.conditions[0].field",
            "is required",
        ),
        (
            with("/match/conditions/0/operator", json!("like")),
            "match.conditions[0].operator",
            "unknown operator \"like\"",
        ),
        (
            with("/match/conditions/0/value", json!(1)),
            "match.conditions[0].value",
            "expected a string",
        ),
        (
            with("/match/conditions/0/value", json!("x".repeat(1_001))),
            "match.conditions[0].value",
            "expected at most 1000 characters",
        ),
        (
            with("/actions", json!([])),
            "actions",
            "expected 1 to 20 entries",
        ),
        (
            with("/actions", many(21, &json!({"type": "trash"}))),
            "actions",
            "expected 1 to 20 entries",
        ),
        (
            with("/actions", json!([{"type": "block"}, {"type": "trash"}])),
            "actions",
            "\"block\" must be the only action",
        ),
        (
            with("/actions/0/type", json!("forward")),
            "actions[0].type",
            "unknown action \"forward\"",
        ),
        (
            with("/actions", json!([{"type": "trash", "value": "x"}])),
            "actions[0].value",
            "action \"trash\" takes no value",
        ),
        (
            with("/actions", json!([{"type": "hold"}])),
            "actions[0].type",
            "action \"hold\" needs trigger \"outbound\"",
        ),
        (
            with("/actions", json!([{"type": "assign_to_folder"}])),
            "actions[0].value",
            "expected the name or path of a folder",
        ),
    ];
    for (rule, field, message) in cases {
        let fault = read(rule.clone()).expect_err(&rule.to_string());
        assert_eq!(
            (fault.field.as_str(), fault.message.as_str()),
            (field, message)
        );
        assert!(!fault.is_reference);
    }
    for priority in [
        json!(-1),
        json!(1_001),
        json!(1.5),
        json!("10"),
        json!(1e300),
    ] {
        let mut rule = good.clone();
        rule["priority"] = priority;
        let fault = read(rule).unwrap_err();
        assert_eq!(fault.message, "expected an integer from 0 to 1000");
    }
    let mut rule = good;
    rule["priority"] = json!(1000.0);
    assert_eq!(read(rule).unwrap().priority, 1_000);
}

#[test]
fn values_are_held_against_their_field() {
    let fault = |trigger: &str, field: &str, operator: &str, value: Value| {
        let condition = json!({"field": field, "operator": operator, "value": value});
        read(rule_of(trigger, condition)).expect_err(field)
    };
    for (trigger, field, operator, value) in [
        ("inbound", "from.address", "is", json!("not an address")),
        (
            "inbound",
            "from.address",
            "is",
            json!("a@ok.example(evil.example)"),
        ),
        ("inbound", "from.domain", "is", json!("*.example")),
        ("inbound", "from.tld", "is", json!("")),
        ("inbound", "subject", "contains", json!(" ")),
        ("inbound", "spam.score", "gte", json!("5")),
        ("inbound", "has_attachment", "is", json!("yes")),
        ("outbound", "outbound.type", "is", json!("forward")),
        ("inbound", "attachment.type", "is", json!("pdf")),
        ("inbound", "attachment.type", "is", json!("*/*")),
        ("inbound", "from.domain", "in_list", json!([])),
        ("inbound", "from.domain", "in_list", json!(7)),
    ] {
        let fault = fault(trigger, field, operator, value);
        assert_eq!(fault.field, "match.conditions[0].value");
        assert!(!fault.is_reference);
    }
    let unknown = fault(
        "inbound",
        "from.domain",
        "in_list",
        json!(["0190f3c9-0000-7000-8000-000000000000"]),
    );
    assert!(unknown.is_reference);
    assert_eq!(
        unknown.message,
        "invalid list ID \"0190f3c9-0000-7000-8000-000000000000\""
    );
}

#[test]
fn lists_are_named_with_the_type_they_must_have() {
    let ids = json!([list_id(3), list_id(4), list_id(3).to_uppercase()]);
    let rule = read(json!({
        "name": "r",
        "match": {"operator": "any", "conditions": [
            {"field": "from.tld", "operator": "in_list", "value": ids},
            {"field": "envelope.recipient", "operator": "in_list", "value": list_id(5)},
        ]},
        "actions": [{"type": "block"}],
    }))
    .unwrap();
    let named: Vec<_> = rule
        .named_lists()
        .map(|named| (named.list.0, named.wanted, named.path))
        .collect();
    assert_eq!(
        named,
        [
            (3, ListType::Tld, "match.conditions[0].value".to_owned()),
            (4, ListType::Tld, "match.conditions[0].value".to_owned()),
            (5, ListType::Address, "match.conditions[1].value".to_owned()),
        ]
    );
    assert!(rule.is_for_the_envelope());
    let shown = rule.to_json(&codec());
    assert_eq!(
        shown["match"]["conditions"][1]["value"],
        json!([list_id(5)])
    );
}

#[test]
fn an_update_replaces_conditions_and_actions_whole_and_keeps_the_rest() {
    let before = read(json!({
        "name": "r", "description": "d", "priority": 3,
        "match": {"operator": "any", "conditions": [{"field": "subject", "operator": "is", "value": "a"}]},
        "actions": [{"type": "trash"}, {"type": "mark_as_read"}],
    }))
    .unwrap();
    let changes = json!({
        "description": null, "id": "ignored",
        "match": {"conditions": [{"field": "subject", "operator": "is", "value": "b"}]},
        "actions": [{"type": "archive"}],
    });
    let after = before.updated(&changes, &codec()).unwrap();
    assert_eq!((after.priority, after.name.as_str()), (3, "r"));
    assert_eq!(after.description, None);
    assert!(!after.matching.any);
    assert_eq!(after.actions, [Action::Archive]);
    assert_eq!(before.updated(&json!({}), &codec()).unwrap(), before);
    let field = before
        .updated(&json!({"trigger": "outbound", "actions": null}), &codec())
        .unwrap_err()
        .field;
    assert_eq!(field, "actions");
    // A new trigger is held against the conditions that stay.
    let inbound = rule_of(
        "inbound",
        json!({"field": "spam.score", "operator": "gte", "value": 3}),
    );
    let turned = read(inbound)
        .unwrap()
        .updated(&json!({"trigger": "outbound"}), &codec());
    assert_eq!(
        turned.unwrap_err().message,
        "field \"spam.score\" needs trigger \"outbound\"".replace("outbound", "inbound")
    );
}
