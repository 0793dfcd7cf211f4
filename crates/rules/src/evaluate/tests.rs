//! Rules together: their order, what they add up to, and what ends them.

use posthouse_types::ids::{IdCodec, Key, Kind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::table_tests::party;
use super::*;
use crate::facts::{Party, Stage};
use crate::headers::Headers;
use crate::limits::COMPARED_BYTES_MAX;
use crate::rule::sort;

fn codec() -> IdCodec {
    IdCodec::new(*b"0123456789abcdef")
}

fn rule(id: i64, priority: i64, trigger: &str, conditions: Value, actions: Value) -> Rule {
    let value = json!({
        "name": format!("rule {id}"), "priority": priority, "trigger": trigger,
        "match": {"conditions": conditions}, "actions": actions,
    });
    Rule::from_json(Key(id), 100, &value, &codec()).unwrap()
}

/// A rule that matches everything.
fn always(id: i64, priority: i64, actions: Value) -> Rule {
    let never = json!([{"field": "subject", "operator": "is_not", "value": "never"}]);
    rule(id, priority, "outbound", never, actions)
}

fn outbound(recipients: &[&str]) -> Facts {
    Facts {
        recipients: recipients.iter().map(|one| party(one)).collect(),
        subject: Some("hello".into()),
        ..Facts::at(Stage::OutboundSend)
    }
}

fn looked_at(mut rules: Vec<Rule>, facts: &Facts) -> Evaluation {
    sort(&mut rules);
    evaluate(&rules, facts, &ListAnswers::default())
}

#[test]
fn a_block_ends_it_and_what_came_before_is_not_done() {
    let rules = vec![
        always(
            1,
            10,
            json!([{"type": "hold"}, {"type": "mark_as_starred"}, {"type": "archive"}]),
        ),
        always(2, 20, json!([{"type": "block"}])),
        always(3, 30, json!([{"type": "trash"}])),
    ];
    let evaluation = looked_at(rules, &outbound(&["a@b.example"]));
    assert_eq!(evaluation.matched, [Key(1), Key(2)]);
    assert_eq!(evaluation.outcome(), Outcome::Block);
    assert_eq!(evaluation.blocked_by.as_ref().unwrap().name, "rule 2");
    assert!(evaluation.held_by.is_empty() && evaluation.moves.is_empty() && !evaluation.is_starred);
}

#[test]
fn flags_add_up_and_moves_stand_in_order() {
    let rules = vec![
        always(1, 30, json!([{"type": "trash"}, {"type": "mark_as_read"}])),
        always(
            2,
            10,
            json!([{"type": "assign_to_folder", "value": "Gone"}]),
        ),
        always(
            3,
            20,
            json!([{"type": "archive"}, {"type": "mark_as_starred"}]),
        ),
        always(4, 15, json!([{"type": "hold"}, {"type": "hold"}])),
    ];
    let evaluation = looked_at(rules, &outbound(&["a@b.example"]));
    assert_eq!(
        evaluation.moves,
        [
            Action::AssignToFolder("Gone".to_owned()),
            Action::Archive,
            Action::Trash
        ]
    );
    assert!(evaluation.is_read && evaluation.is_starred);
    assert_eq!(evaluation.outcome(), Outcome::Hold);
    assert_eq!(evaluation.held_by.len(), 1);
}

#[test]
fn rules_that_are_off_or_of_the_other_trigger_are_not_looked_at() {
    let mut off = always(1, 10, json!([{"type": "block"}]));
    off.enabled = false;
    let not_never = json!([{"field": "subject", "operator": "is_not", "value": "never"}]);
    let inbound = rule(2, 10, "inbound", not_never, json!([{"type": "block"}]));
    assert_eq!(
        looked_at(vec![off, inbound], &outbound(&["a@b.example"])),
        Evaluation::default()
    );
}

#[test]
fn all_wants_each_condition_and_any_wants_one() {
    let conditions = json!([
        {"field": "subject", "operator": "is", "value": "hello"},
        {"field": "recipient.domain", "operator": "is", "value": "other.example"},
    ]);
    let all = rule(1, 1, "outbound", conditions, json!([{"type": "trash"}]));
    let mut any = all.clone();
    any.matching.any = true;
    let facts = outbound(&["a@b.example"]);
    assert!(looked_at(vec![all], &facts).matched.is_empty());
    assert_eq!(looked_at(vec![any], &facts).matched, [Key(1)]);
}

#[test]
fn one_stranger_among_known_recipients_is_caught_and_known_ones_alone_are_not() {
    let list = codec().seal(Kind::List, Key(9)).to_string();
    let conditions =
        json!([{"field": "recipient.domain", "operator": "not_in_list", "value": [list]}]);
    let rules = [rule(
        1,
        1,
        "outbound",
        conditions,
        json!([{"type": "hold"}]),
    )];
    let answers: ListAnswers = [(Key(9), "ok.example".to_owned())].into_iter().collect();
    let held = |recipients: &[&str]| {
        !evaluate(&rules, &outbound(recipients), &answers)
            .held_by
            .is_empty()
    };
    assert!(!held(&["a@ok.example", "b@OK.example"]));
    assert!(held(&["a@ok.example", "b@evil-ok.example"]));
    assert!(held(&["a@sub.ok.example"]));
}

#[test]
fn addr_10_lists_match_whole_labels_and_one_spelling() {
    let list = codec().seal(Kind::List, Key(9)).to_string();
    let conditions = json!([{"field": "recipient.domain", "operator": "in_list", "value": [list]}]);
    let rules = [rule(
        1,
        1,
        "outbound",
        conditions,
        json!([{"type": "block"}]),
    )];
    let ask = |recipient: &str| questions(&rules, [&outbound(&[recipient])], 9).unwrap();
    assert_eq!(ask("x@OK.EXAMPLE."), [(Key(9), "ok.example".to_owned())]);
    assert_eq!(ask("x@ok。example"), [(Key(9), "ok.example".to_owned())]);
    assert_eq!(
        ask("x@evil-ok.example"),
        [(Key(9), "evil-ok.example".to_owned())]
    );
    assert_eq!(
        ask("x@ok.example.evil"),
        [(Key(9), "ok.example.evil".to_owned())]
    );
}

#[test]
fn each_question_is_asked_once_and_endings_are_bounded() {
    let list = codec().seal(Kind::List, Key(9)).to_string();
    let conditions = json!([
        {"field": "recipient.tld", "operator": "in_list", "value": [list]},
        {"field": "recipient.tld", "operator": "not_in_list", "value": list},
    ]);
    let rules: Vec<Rule> = (0..30)
        .map(|id| {
            rule(
                id,
                1,
                "outbound",
                conditions.clone(),
                json!([{"type": "trash"}]),
            )
        })
        .collect();
    let facts = outbound(&["x@a.b.c.d.e.f.g.h.example"]);
    let asked = questions(&rules, [&facts], 6).unwrap();
    assert_eq!(questions(&rules, [&facts], 5), None);
    assert_eq!(questions_per_address(&rules, Stage::OutboundSend), 6);
    let values: Vec<&str> = asked.iter().map(|(_, value)| value.as_str()).collect();
    let endings = [
        "d.e.f.g.h.example",
        "e.f.g.h.example",
        "example",
        "f.g.h.example",
        "g.h.example",
        "h.example",
    ];
    assert_eq!(values, endings);
    let literal = outbound(&["x@[192.0.2.1]"]);
    assert!(questions(&rules, [&literal], 0).unwrap().is_empty());
}

#[test]
fn an_author_whose_address_cannot_be_read_is_a_stranger() {
    let list = codec().seal(Kind::List, Key(9)).to_string();
    let condition = |operator: &str, value: Value| {
        let conditions = json!([{"field": "from.domain", "operator": operator, "value": value}]);
        rule(1, 1, "inbound", conditions, json!([{"type": "trash"}]))
    };
    let facts = Facts {
        from: [Party::unreadable("\"a@ok.example\"@@ok.example")].into(),
        ..Facts::at(Stage::InboxProcessing)
    };
    let answers: ListAnswers = [(Key(9), "ok.example".to_owned())].into_iter().collect();
    let matched = |rule: Rule| !evaluate(&[rule], &facts, &answers).matched.is_empty();
    assert!(!matched(condition("is", json!("ok.example"))));
    assert!(!matched(condition("in_list", json!([list]))));
    assert!(matched(condition("is_not", json!("ok.example"))));
    assert!(matched(condition("not_in_list", json!([list]))));
}

#[test]
fn only_blocks_that_the_envelope_decides_are_asked_at_the_envelope() {
    let domain = json!({"field": "from.domain", "operator": "is", "value": "evil.test"});
    let subject = json!({"field": "subject", "operator": "is_not", "value": "x"});
    let block = json!([{"type": "block"}]);
    let rules = [
        rule(1, 1, "inbound", json!([domain]), json!([{"type": "trash"}])),
        rule(2, 2, "inbound", json!([domain, subject]), block.clone()),
        rule(3, 3, "inbound", json!([domain]), block),
    ];
    let facts = Facts {
        from: [party("x@evil.test")].into(),
        ..Facts::at(Stage::SmtpRcpt)
    };
    let evaluation = evaluate(&rules, &facts, &ListAnswers::default());
    assert_eq!(evaluation.matched, [Key(3)]);
    // The null sender says nothing of who wrote the message.
    let nobody = Facts {
        from: [].into(),
        ..facts
    };
    let stranger = json!([{"field": "from.domain", "operator": "is_not", "value": "ok.example"}]);
    let strict = rule(4, 4, "inbound", stranger, json!([{"type": "block"}]));
    assert!(
        evaluate(&[strict], &nobody, &ListAnswers::default())
            .matched
            .is_empty()
    );
}

#[test]
fn the_trace_ends_where_the_evaluation_does_and_shows_what_was_compared() {
    let rules = [
        always(1, 1, json!([{"type": "trash"}])),
        always(2, 2, json!([{"type": "block"}])),
        always(3, 3, json!([{"type": "trash"}])),
    ];
    let traces = trace(&rules, &outbound(&["a@b.example"]), &ListAnswers::default());
    let seen: Vec<(Key, bool)> = traces.iter().map(|one| (one.id, one.matched)).collect();
    assert_eq!(seen, [(Key(1), true), (Key(2), true)]);
    assert_eq!(traces[0].conditions[0].actual, json!("hello"));
}

#[test]
fn texts_are_looked_through_within_a_bound_and_once_for_all_copies() {
    let conditions = |operator: &str, value: &str| json!([{"field": "header.x-own", "operator": operator, "value": value}]);
    let trash = || json!([{"type": "trash"}]);
    let rules = [
        rule(1, 1, "inbound", conditions("contains", "early"), trash()),
        rule(2, 2, "inbound", conditions("contains", "late"), trash()),
        rule(3, 3, "inbound", conditions("is", "Late"), trash()),
    ];
    let wanted = ["x-own".to_owned()].into();
    let fields = |filler: usize| {
        ["early".to_owned(), "x".repeat(filler), "LATE".to_owned()]
            .map(|value| ("X-Own".to_owned(), value))
            .into_iter()
            .chain([("X-Other".to_owned(), "late".to_owned())])
    };
    let matched = |filler: usize| {
        let facts = Facts {
            headers: Headers::gather(&wanted, fields(filler)).into(),
            ..Facts::at(Stage::InboxProcessing)
        };
        evaluate(&rules, &facts, &ListAnswers::default()).matched
    };
    assert_eq!(matched(100), [Key(1), Key(2), Key(3)]);
    assert_eq!(matched(COMPARED_BYTES_MAX), [Key(1), Key(3)]);
    let gathered = Headers::gather(&wanted, fields(1));
    assert!(gathered.values("x-other").is_empty(), "nobody asks for it");
}

#[test]
fn copies_are_told_apart_by_what_is_their_own_alone() {
    let conditions = json!([
        {"field": "subject", "operator": "contains", "value": "offer"},
        {"field": "envelope.recipient", "operator": "is", "value": "a@own.example"},
        {"field": "spam.score", "operator": "gte", "value": 3},
    ]);
    let rules = [rule(
        1,
        1,
        "inbound",
        conditions,
        json!([{"type": "trash"}]),
    )];
    let copy = |address: &[&str], score: f64| Facts {
        subject: Some("an offer".into()),
        envelope_recipients: address.iter().map(|one| party(one)).collect(),
        spam_score: Some(score),
        ..Facts::at(Stage::InboxProcessing)
    };
    let mut looking = Looking::new(&rules);
    for (facts, expected) in [
        (copy(&["b@own.example"], 4.0), false),
        (copy(&["a@own.example"], 2.0), false),
        (copy(&["a@own.example"], 4.0), true),
        // Of several addresses of one mailbox each counts.
        (copy(&["b@own.example", "a@own.example"], 4.0), true),
    ] {
        let answers = ListAnswers::default();
        let together = looking.at(&facts, &answers);
        assert_eq!(together, evaluate(&rules, &facts, &answers));
        assert_eq!(!together.matched.is_empty(), expected, "{facts:?}");
    }
}

/// Rules without a block, in any number, with any priorities.
fn harmless() -> impl Strategy<Value = Vec<Rule>> {
    let actions = prop_oneof![
        Just(json!({"type": "trash"})),
        Just(json!({"type": "archive"})),
        Just(json!({"type": "mark_as_read"})),
        Just(json!({"type": "mark_as_starred"})),
        Just(json!({"type": "hold"})),
        Just(json!({"type": "assign_to_folder", "value": "A"})),
    ];
    let one = (
        0_i64..5,
        prop::collection::vec(actions, 1..4),
        any::<bool>(),
    );
    prop::collection::vec(one, 0..8).prop_map(|rules| {
        let rules = rules.into_iter().enumerate();
        rules
            .map(|(place, (priority, actions, matches))| {
                let wanted = if matches { "hello" } else { "other" };
                let conditions = json!([{"field": "subject", "operator": "is", "value": wanted}]);
                rule(
                    place as i64 + 1,
                    priority,
                    "outbound",
                    conditions,
                    Value::Array(actions),
                )
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn the_order_in_which_rules_are_stored_changes_nothing(rules in harmless(), turn in 0_usize..8) {
        let facts = outbound(&["a@b.example"]);
        let mut turned = rules.clone();
        if !turned.is_empty() {
            let by = turn % turned.len();
            turned.rotate_left(by);
        }
        prop_assert_eq!(looked_at(rules, &facts), looked_at(turned, &facts));
    }

    #[test]
    fn flags_do_not_depend_on_priorities(rules in harmless(), shift in 1_i64..5) {
        let facts = outbound(&["a@b.example"]);
        let mut moved = rules.clone();
        for rule in &mut moved {
            rule.priority = (rule.priority + shift) % 5;
        }
        let (one, other) = (looked_at(rules, &facts), looked_at(moved, &facts));
        prop_assert_eq!((one.is_read, one.is_starred, one.outcome()), (other.is_read, other.is_starred, other.outcome()));
    }

    #[test]
    fn the_first_priority_moves_first(rules in harmless()) {
        let facts = outbound(&["a@b.example"]);
        let mut matching: Vec<&Rule> = rules.iter().filter(|rule| {
            rule.matching.conditions[0].shown_value(&codec()) == json!("hello")
        }).collect();
        matching.sort_by_key(|rule| (rule.priority, rule.id));
        let first = matching.iter().flat_map(|rule| &rule.actions).find(|action| action.is_move()).cloned();
        prop_assert_eq!(looked_at(rules, &facts).moves.first().cloned(), first);
    }

    #[test]
    fn looking_twice_and_saying_everything_twice_changes_nothing(rules in harmless()) {
        let facts = outbound(&["a@b.example"]);
        let once = looked_at(rules.clone(), &facts);
        prop_assert_eq!(&once, &looked_at(rules.clone(), &facts));
        let mut twice = rules.clone();
        twice.extend(rules.iter().cloned().map(|rule| Rule { id: Key(rule.id.0 + 100), ..rule }));
        let said = looked_at(twice, &facts);
        prop_assert_eq!(said.moves.first(), once.moves.first());
        prop_assert_eq!((said.is_read, said.is_starred, said.outcome()), (once.is_read, once.is_starred, once.outcome()));
    }

    #[test]
    fn a_block_that_matches_wins_wherever_it_stands(rules in harmless(), priority in 0_i64..5) {
        let mut rules = rules;
        rules.push(always(99, priority, json!([{"type": "block"}])));
        let evaluation = looked_at(rules, &outbound(&["a@b.example"]));
        prop_assert_eq!(evaluation.outcome(), Outcome::Block);
        prop_assert!(evaluation.moves.is_empty() && evaluation.held_by.is_empty());
    }
}
