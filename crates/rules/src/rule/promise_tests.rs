//! Each value that is taken can match: what never could is refused, or brought into a spelling that does.

use std::sync::Arc;

use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{IdCodec, Key};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::evaluate::{ListAnswers, evaluate};
use crate::facts::{AttachmentFact, Facts, Party, Stage};

fn codec() -> IdCodec {
    IdCodec::new(*b"0123456789abcdef")
}

fn document(field: &str, operator: &str, value: &Value) -> Value {
    let trigger = Field::from_name(field).unwrap().trigger();
    json!({
        "name": "r", "trigger": trigger.unwrap_or(Trigger::Inbound).name(),
        "match": {"conditions": [{"field": field, "operator": operator, "value": value}]},
        "actions": [{"type": "trash"}],
    })
}

fn written(field: &str, operator: &str, value: &Value) -> Result<Rule, Fault> {
    Rule::from_json(Key(1), 0, &document(field, operator, value), &codec())
}

fn people(addresses: &[&str]) -> Vec<Party> {
    let parsed = addresses
        .iter()
        .map(|text| EmailAddress::parse_envelope(text).unwrap());
    parsed.map(Party::new).collect()
}

/// A message whose values are as odd as they come.
fn odd(stage: Stage) -> Facts {
    let addresses = people(&[
        "Jörg@Bücher.example",
        "ann@shop.co.uk",
        "x@рф-1.рф",
        "a@STRASSE.example",
    ]);
    Facts {
        from: addresses.clone().into(),
        envelope_recipients: addresses.clone(),
        recipients: addresses,
        attachments: Some(Arc::new([AttachmentFact {
            content_type: "image/svg+xml".to_owned(),
            ..AttachmentFact::default()
        }])),
        ..Facts::at(stage)
    }
}

fn matches(rule: Rule) -> bool {
    let stage = match rule.trigger {
        Trigger::Inbound => Stage::InboxProcessing,
        Trigger::Outbound => Stage::OutboundSend,
    };
    let evaluation = evaluate(&[rule], &odd(stage), &ListAnswers::default());
    !evaluation.matched.is_empty()
}

#[test]
fn parts_of_addresses_match_in_every_spelling_that_people_write() {
    for role in ["from", "recipient"] {
        for (part, value) in [
            ("domain", "bücher"),
            ("domain", "BÜCHER.example"),
            ("domain", "bu\u{308}cher"),
            ("domain", ".example"),
            ("domain", "xn--bcher-kva"),
            ("domain", "cher-kva.ex"),
            ("domain", "ｓｈｏｐ．co"),
            ("domain", "straße.example"),
            ("address", "@bücher.example"),
            ("address", "@BU\u{308}cher"),
            ("address", "JÖRG@bücher"),
            ("address", "g@xn--bcher-kva.example"),
            ("address", "üch"),
            ("address", "@рф"),
            ("tld", "рф"),
            ("tld", ".рф"),
            ("tld", "xn--p1ai"),
            ("tld", "co.uk"),
            ("tld", ".CO.uk."),
            ("tld", "o.u"),
        ] {
            // Only sharp s maps to itself in domains today: what is a name of its own equals no other.
            let expected = value != "straße.example";
            let field = format!("{role}.{part}");
            let rule = written(&field, "contains", &json!(value));
            let rule = rule.unwrap_or_else(|fault| panic!("{field} {value}: {fault:?}"));
            assert_eq!(matches(rule), expected, "{field} contains {value}");
        }
    }
    let here = written("envelope.recipient", "contains", &json!("@bücher"));
    assert!(matches(here.unwrap()));
    let file = written("attachment.type", "contains", &json!("image/"));
    assert!(matches(file.unwrap()));
}

#[test]
fn a_value_that_no_message_can_have_is_refused_with_what_is_wrong() {
    let long = "a".repeat(254);
    for (field, operator, value, why) in [
        (
            "from.domain",
            "contains",
            json!("@ok.example"),
            "expected a part of a domain, which has no @",
        ),
        (
            "from.domain",
            "contains",
            json!("ok example"),
            "expected a part of a domain",
        ),
        (
            "from.domain",
            "contains",
            json!("ok..example"),
            "expected a part of a domain",
        ),
        (
            "from.domain",
            "contains",
            json!("*.example"),
            "expected a part of a domain",
        ),
        (
            "from.domain",
            "contains",
            json!("a_b"),
            "expected a part of a domain",
        ),
        (
            "from.domain",
            "contains",
            json!("[192.0.2.1]"),
            "expected a part of a domain",
        ),
        (
            "recipient.domain",
            "contains",
            json!(long),
            "expected a part of a domain",
        ),
        (
            "from.tld",
            "contains",
            json!("..."),
            "expected a part of an ending such as \"uk\" or \"co.uk\"",
        ),
        (
            "from.tld",
            "contains",
            json!("a.b.c.d.e.f.g"),
            "more than 6 labels",
        ),
        (
            "from.tld",
            "contains",
            json!("u k"),
            "expected a part of a domain",
        ),
        (
            "recipient.address",
            "contains",
            json!("Ann <ann@"),
            "expected a part of an address, without a name or blanks",
        ),
        (
            "recipient.address",
            "contains",
            json!("@ok..example"),
            "expected a part of a domain",
        ),
        (
            "recipient.address",
            "contains",
            json!(format!("{long}a")),
            "longer than any address (254 octets)",
        ),
        (
            "envelope.recipient",
            "contains",
            json!("@*.example"),
            "expected a part of a domain",
        ),
        (
            "attachment.type",
            "contains",
            json!("image/*"),
            "\"image/*\" goes with is and is_not; write \"image/\"",
        ),
        (
            "attachment.type",
            "contains",
            json!("text/plain; charset"),
            "expected a part of a MIME type, without parameters",
        ),
        (
            "attachment.type",
            "contains",
            json!("a/b/c"),
            "expected a part of a MIME type, without parameters",
        ),
        (
            "attachment.type",
            "contains",
            json!("größe"),
            "expected a part of a MIME type, without parameters",
        ),
        (
            "attachment.type",
            "is",
            json!("image/p*"),
            "expected a MIME type such as \"application/pdf\" or \"image/*\"",
        ),
        (
            "attachment.type",
            "is",
            json!("text/größe"),
            "expected a MIME type such as \"application/pdf\" or \"image/*\"",
        ),
        (
            "subject",
            "contains",
            json!("one\ntwo"),
            "control characters are not accepted: no message has them",
        ),
        (
            "subject",
            "is",
            json!("one\u{0}"),
            "control characters are not accepted: no message has them",
        ),
        (
            "header.x-own",
            "contains",
            json!("a\rb"),
            "control characters are not accepted: no message has them",
        ),
        (
            "spam.score",
            "gte",
            json!(1e9),
            "expected a number from -1000 to 1000",
        ),
        (
            "spam.score",
            "lte",
            json!(-1001),
            "expected a number from -1000 to 1000",
        ),
    ] {
        let fault = written(field, operator, &value).expect_err(&format!("{field} {value}"));
        assert_eq!(fault.field, "match.conditions[0].value");
        assert_eq!(fault.message, why, "{field} {operator} {value}");
        // Who wrote it before this was looked at keeps a rule that matches nothing, and gets mail.
        let kept = Rule::from_stored(Key(1), 0, &document(field, operator, &value), &codec());
        assert!(!matches(kept.unwrap()), "{field} {operator} {value}");
    }
    let quoted = written("recipient.address", "is", &json!("\"a b\"@ok.example"));
    let message = quoted.unwrap_err().message;
    assert!(
        message.starts_with("not an address that mail is sent to: "),
        "{message}"
    );
    assert!(written("from.address", "is", &json!("\"a b\"@ok.example")).is_ok());
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9]{0,6}",
        Just("bücher".to_owned()),
        Just("привет".to_owned()),
        Just("例え".to_owned()),
    ]
}

proptest! {
    #[test]
    fn every_part_of_an_address_that_is_taken_is_found_in_it(
        local in "[a-z]{1,5}",
        labels in prop::collection::vec(label(), 2..4),
        from in 0_usize..12,
        length in 1_usize..12,
    ) {
        let shown = format!("{local}@{}", labels.join("."));
        let parsed = EmailAddress::parse_strict(&shown).unwrap();
        for text in [shown, parsed.as_str().to_owned()] {
            let letters: Vec<char> = text.chars().collect();
            let from = from.min(letters.len() - 1);
            let part: String = letters[from..(from + length).min(letters.len())].iter().collect();
            if let Ok(rule) = written("recipient.address", "contains", &json!(part)) {
                let facts = Facts {
                    recipients: vec![Party::new(parsed.clone())],
                    ..Facts::at(Stage::OutboundSend)
                };
                let found = evaluate(&[rule], &facts, &ListAnswers::default());
                prop_assert!(!found.matched.is_empty(), "{} in {}", part, parsed.as_str());
            }
        }
    }
}
