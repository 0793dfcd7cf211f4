//! Each field under each operator and trigger: what matches, and what does not.

use std::sync::Arc;

use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{IdCodec, Key, Kind};
use serde_json::{Value, json};

use super::*;
use crate::facts::{AttachmentFact, OutboundType, Party, Stage};
use crate::headers::Headers;
use crate::rule::Operator;

const LIST: Key = Key(3);

fn codec() -> IdCodec {
    IdCodec::new(*b"0123456789abcdef")
}

pub(super) fn party(address: &str) -> Party {
    Party::new(EmailAddress::parse_envelope(address).unwrap())
}

/// A message from Ann of Shop for Bob and Eve, with an image; one of the lists has what is Shop's.
fn facts(stage: Stage) -> Facts {
    let outbound = stage == Stage::OutboundSend;
    Facts {
        from: [party("Ann@Shop.co.uk"), party("bounces@mailer.example")].into(),
        recipients: match outbound {
            true => vec![party("bob@ok.example"), party("eve@evil.test")],
            false => Vec::new(),
        },
        envelope_recipients: match outbound {
            true => Vec::new(),
            false => vec![party("agent+x@own.example")],
        },
        subject: Some("re: your invoice 7".into()),
        headers: Arc::new(Headers::gather(
            &["x-own".to_owned()].into(),
            [("X-Own", "First"), ("x-own", " second value ")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        )),
        attachments: Some(Arc::new([
            AttachmentFact {
                filename: "a.png".to_owned(),
                content_type: "image/png".to_owned(),
                size: 9,
            },
            AttachmentFact {
                filename: "b.pdf".to_owned(),
                content_type: "application/pdf".to_owned(),
                size: 9,
            },
        ])),
        spam_score: (!outbound).then_some(4.0),
        outbound_type: outbound.then_some(OutboundType::Reply),
        recipient_known: outbound.then_some(false),
        ..Facts::at(stage)
    }
}

fn answers() -> ListAnswers {
    [
        "ann@shop.co.uk",
        "shop.co.uk",
        "co.uk",
        "bob@ok.example",
        "ok.example",
        "agent+x@own.example",
    ]
    .into_iter()
    .map(|value| (LIST, value.to_owned()))
    .collect()
}

fn holds_for(stage: Stage, field: &str, operator: &str, value: &Value) -> bool {
    let rule = Rule::from_json(
        Key(1),
        0,
        &json!({
            "name": "r",
            "trigger": stage.trigger().name(),
            "match": {"conditions": [{"field": field, "operator": operator, "value": value}]},
            "actions": [{"type": "trash"}],
        }),
        &codec(),
    )
    .unwrap_or_else(|fault| panic!("{field} {operator} {value}: {fault:?}"));
    !evaluate(&[rule], &facts(stage), &answers())
        .matched
        .is_empty()
}

/// Field, operator, value, and whether it holds inbound and outbound; `None`: not a rule of that trigger.
type Row = (
    &'static str,
    &'static str,
    Value,
    Option<bool>,
    Option<bool>,
);

fn table() -> Vec<Row> {
    let list = json!([codec().seal(Kind::List, LIST).to_string()]);
    let other = json!([codec().seal(Kind::List, Key(4)).to_string()]);
    let both =
        |field, operator, value: Value, holds| (field, operator, value, Some(holds), Some(holds));
    let inbound =
        |field, operator, value: Value, holds| (field, operator, value, Some(holds), None);
    let outbound =
        |field, operator, value: Value, holds| (field, operator, value, None, Some(holds));
    vec![
        both("from.address", "is", json!(" ANN@shop.CO.uk "), true),
        both("from.address", "is", json!("ann@co.uk"), false),
        both("from.address", "is", json!("bounces@mailer.example"), true),
        both("from.address", "is_not", json!("ann@shop.co.uk"), false),
        both("from.address", "is_not", json!("bob@shop.co.uk"), true),
        both("from.address", "contains", json!("N@SHOP"), true),
        both("from.address", "contains", json!("eve"), false),
        both("from.address", "in_list", list.clone(), true),
        both("from.address", "in_list", other.clone(), false),
        both("from.address", "not_in_list", list.clone(), true),
        both("from.address", "not_in_list", other.clone(), true),
        both("from.domain", "is", json!("SHOP.co.uk."), true),
        both("from.domain", "is", json!("co.uk"), false),
        both("from.domain", "is_not", json!("shop.co.uk"), false),
        both("from.domain", "is_not", json!("other.example"), true),
        both("from.domain", "contains", json!("op.co"), true),
        both("from.domain", "contains", json!("ann"), false),
        both("from.domain", "in_list", list.clone(), true),
        both("from.domain", "in_list", other.clone(), false),
        both("from.domain", "not_in_list", list.clone(), true),
        both("from.tld", "is", json!("UK"), true),
        both("from.tld", "is", json!("co.uk"), true),
        both("from.tld", "is", json!("shop"), false),
        both("from.tld", "is", json!("o.uk"), false),
        both("from.tld", "is_not", json!("uk"), false),
        both("from.tld", "is_not", json!("de"), true),
        both("from.tld", "contains", json!("u"), true),
        both("from.tld", "contains", json!("co"), false),
        both("from.tld", "contains", json!(".co.uk"), true),
        both("from.tld", "contains", json!("op.co.uk"), true),
        both("from.tld", "in_list", list.clone(), true),
        both("from.tld", "in_list", other.clone(), false),
        both("from.tld", "not_in_list", list.clone(), true),
        outbound("recipient.address", "is", json!("eve@evil.test"), true),
        outbound("recipient.address", "is", json!("ann@shop.co.uk"), false),
        outbound(
            "recipient.address",
            "is_not",
            json!("bob@ok.example"),
            false,
        ),
        outbound("recipient.address", "is_not", json!("ann@shop.co.uk"), true),
        outbound("recipient.address", "contains", json!("@evil"), true),
        outbound("recipient.address", "contains", json!("ann"), false),
        outbound("recipient.address", "in_list", list.clone(), true),
        outbound("recipient.address", "in_list", other.clone(), false),
        outbound("recipient.address", "not_in_list", list.clone(), true),
        outbound("recipient.domain", "is", json!("ok.example"), true),
        outbound("recipient.domain", "is", json!("example"), false),
        outbound("recipient.domain", "is_not", json!("ok.example"), false),
        outbound("recipient.domain", "is_not", json!("evil-ok.example"), true),
        outbound("recipient.domain", "contains", json!("vil"), true),
        outbound("recipient.domain", "contains", json!("shop"), false),
        outbound("recipient.domain", "in_list", list.clone(), true),
        outbound("recipient.domain", "in_list", other.clone(), false),
        outbound("recipient.domain", "not_in_list", list.clone(), true),
        outbound("recipient.tld", "is", json!("test"), true),
        outbound("recipient.tld", "is", json!("uk"), false),
        outbound("recipient.tld", "is_not", json!("test"), false),
        outbound("recipient.tld", "is_not", json!("uk"), true),
        outbound("recipient.tld", "contains", json!("est"), true),
        outbound("recipient.tld", "contains", json!("evil"), false),
        outbound("recipient.tld", "in_list", list.clone(), true),
        outbound("recipient.tld", "in_list", other.clone(), false),
        outbound("recipient.tld", "not_in_list", list.clone(), true),
        outbound("outbound.type", "is", json!("reply"), true),
        outbound("outbound.type", "is", json!("compose"), false),
        outbound("outbound.type", "is_not", json!("reply"), false),
        outbound("outbound.type", "is_not", json!("compose"), true),
        outbound("recipient.known", "is", json!(false), true),
        outbound("recipient.known", "is", json!("true"), false),
        inbound(
            "envelope.recipient",
            "is",
            json!("AGENT+x@own.example"),
            true,
        ),
        inbound(
            "envelope.recipient",
            "is",
            json!("agent@own.example"),
            false,
        ),
        inbound(
            "envelope.recipient",
            "is_not",
            json!("agent+x@own.example"),
            false,
        ),
        inbound(
            "envelope.recipient",
            "is_not",
            json!("agent@own.example"),
            true,
        ),
        inbound("envelope.recipient", "contains", json!("+X@"), true),
        inbound("envelope.recipient", "contains", json!("+y@"), false),
        inbound("envelope.recipient", "in_list", list, true),
        inbound("envelope.recipient", "in_list", other, false),
        both("subject", "is", json!("Re: your INVOICE 7"), true),
        both("subject", "is", json!("invoice"), false),
        both("subject", "is_not", json!("re: your invoice 7"), false),
        both("subject", "is_not", json!("invoice"), true),
        both("subject", "contains", json!("Invoice"), true),
        both("subject", "contains", json!("receipt"), false),
        both("header.X-Own", "is", json!("Second Value"), true),
        both("header.X-Own", "is", json!("third"), false),
        both("header.X-Own", "is_not", json!("first"), false),
        both("header.X-Own", "is_not", json!("third"), true),
        both("header.X-Own", "contains", json!("cond"), true),
        both("header.X-Own", "contains", json!("third"), false),
        both("header.List-Id", "is", json!(""), false),
        both("header.List-Id", "is_not", json!("x"), true),
        both("header.List-Id", "contains", json!("x"), false),
        inbound("spam.score", "gte", json!(4), true),
        inbound("spam.score", "gte", json!(4.1), false),
        inbound("spam.score", "lte", json!(4), true),
        inbound("spam.score", "lte", json!(3.9), false),
        both("has_attachment", "is", json!(true), true),
        both("has_attachment", "is", json!(false), false),
        both("attachment.type", "is", json!("image/*"), true),
        both("attachment.type", "is", json!("APPLICATION/pdf"), true),
        both("attachment.type", "is", json!("video/*"), false),
        both("attachment.type", "is", json!("imag/*"), false),
        both("attachment.type", "is_not", json!("image/*"), false),
        both("attachment.type", "is_not", json!("text/html"), true),
        both("attachment.type", "contains", json!("PDF"), true),
        both("attachment.type", "contains", json!("image/"), true),
        both("attachment.type", "contains", json!("zip"), false),
    ]
}

#[test]
fn each_field_operator_and_trigger_matches_what_it_should_and_nothing_else() {
    for (field, operator, value, inbound, outbound) in table() {
        for (stage, holds) in [
            (Stage::InboxProcessing, inbound),
            (Stage::OutboundSend, outbound),
        ] {
            if let Some(holds) = holds {
                let actual = holds_for(stage, field, operator, &value);
                assert_eq!(actual, holds, "{stage:?} {field} {operator} {value}");
            }
        }
    }
}

#[test]
fn the_table_has_each_pairing_that_is_a_rule_both_ways() {
    for field in crate::rule::TESTED_FIELDS {
        let parsed = crate::rule::Field::from_name(field).unwrap();
        for operator in Operator::ALL
            .into_iter()
            .filter(|one| parsed.operators().contains(one))
        {
            for stage in [Stage::InboxProcessing, Stage::OutboundSend] {
                if parsed.trigger().is_some_and(|only| only != stage.trigger()) {
                    continue;
                }
                let seen = |wanted: bool| {
                    table().iter().any(|row| {
                        let holds = if stage == Stage::OutboundSend {
                            row.4
                        } else {
                            row.3
                        };
                        crate::rule::Field::from_name(row.0).as_ref() == Some(&parsed)
                            && row.1 == operator.name()
                            && holds == Some(wanted)
                    })
                };
                assert!(
                    seen(true),
                    "{stage:?} {field} {}: nothing matches",
                    operator.name()
                );
                // With several values one stranger is enough: the other side is in a test of its own.
                if operator != Operator::NotInList {
                    assert!(
                        seen(false),
                        "{stage:?} {field} {}: everything matches",
                        operator.name()
                    );
                }
            }
        }
    }
}
