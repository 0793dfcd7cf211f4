//! Policies read, checked against a plan and merged.

use serde_json::{Value, json};

use super::super::{Cap, Effective, GuardAction, Limit, Plan};
use super::{Fault, Policy};

fn read(document: Value) -> Result<Policy, Fault> {
    Policy::from_json(&document, &Plan::unlimited()).map(|(policy, _)| policy)
}

fn with_limit(name: &str, value: Value) -> Result<Policy, Fault> {
    read(json!({"name": "p", "limits": { name: value }}))
}

fn field(refused: Result<Policy, Fault>) -> String {
    match refused {
        Err(Fault::Invalid { field, .. }) => field,
        other => panic!("expected an invalid member, got {other:?}"),
    }
}

#[test]
fn limits_are_read_within_their_ranges() {
    for limit in Limit::ALL {
        let path = format!("limits.{}", limit.name());
        let least = json!({"name": "p", "limits": {
            "limit_spam_retention_period": -1, limit.name(): limit.least()}});
        assert!(read(least).is_ok(), "{path}");
        assert_eq!(field(with_limit(limit.name(), json!(-2))), path);
        let lifted = with_limit(limit.name(), json!(-1));
        assert_eq!(lifted.is_ok(), limit.may_be_lifted(), "{path}");
        for wrong in [json!("5"), json!(1.5), json!([1]), json!(true)] {
            assert_eq!(field(with_limit(limit.name(), wrong)), path);
        }
    }
    let spelled = with_limit("limit_count_daily_email_sent", json!(7.0)).unwrap();
    assert_eq!(spelled.given(Limit::SentPerDay), Some(7));
    assert_eq!(
        field(with_limit("limit_storage_total", json!(0))),
        "limits.limit_storage_total"
    );
}

#[test]
fn the_other_name_of_messages_sent_is_taken_and_shown() {
    let policy = with_limit("limit_count_daily_message_per_grant", json!(9)).unwrap();
    assert_eq!(policy.given(Limit::SentPerDay), Some(9));
    let shown = policy.to_shown(&Plan::unlimited());
    assert_eq!(shown["limits"]["limit_count_daily_message_per_grant"], 9);
    assert_eq!(shown["limits"]["limit_count_daily_email_sent"], 9);
    let both = read(json!({"name": "p", "limits": {
        "limit_count_daily_message_per_grant": 1, "limit_count_daily_email_sent": 2}}));
    assert_eq!(both.unwrap().given(Limit::SentPerDay), Some(2));
    let (changed, _) = policy
        .merged(
            &json!({"limits": {"limit_count_daily_message_per_grant": 3}}),
            &Plan::unlimited(),
        )
        .unwrap();
    assert_eq!(changed.given(Limit::SentPerDay), Some(3));
}

#[test]
fn what_is_left_out_is_shown_as_what_holds() {
    let policy = read(json!({"name": "p"})).unwrap();
    let shown = policy.to_shown(&Plan::unlimited());
    assert_eq!(shown["limits"]["limit_size_total_mime"], 104_857_600);
    assert_eq!(shown["limits"]["limit_count_daily_email_sent"], -1);
    assert_eq!(shown["limits"]["limit_spam_retention_period"], 30);
    assert_eq!(
        shown["spam_detection"],
        json!({"use_list_dnsbl": false, "use_header_anomaly_detection": false, "spam_sensitivity": 1.0})
    );
    let full = Plan::published("full").unwrap();
    let shown = policy.to_shown(&full);
    assert_eq!(shown["limits"]["limit_inbox_retention_period"], 365);
}

#[test]
fn a_plan_refuses_what_is_above_it_in_words_that_name_it() {
    let free = Plan::published("free").unwrap();
    let over = json!({"name": "p", "limits": {"limit_count_daily_email_sent": 201}});
    let at = json!({"name": "p", "limits": {"limit_count_daily_email_sent": 200}});
    let lifted = json!({"name": "p", "limits": {"limit_count_daily_email_sent": -1}});
    assert!(Policy::from_json(&at, &free).is_ok());
    for refused in [over, lifted] {
        match Policy::from_json(&refused, &free) {
            Err(Fault::OverPlan { message }) => assert_eq!(
                message,
                "limits.limit_count_daily_email_sent: at most 200 for this plan"
            ),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_plan_that_came_later_caps_and_does_not_stand_in_the_way_of_other_changes() {
    let policy = with_limit("limit_count_daily_email_sent", json!(500)).unwrap();
    let free = Plan::published("free").unwrap();
    let effective = Effective::of(Some(&policy), &free);
    assert_eq!(effective.limit(Limit::SentPerDay), Some(200));
    let (renamed, _) = policy.merged(&json!({"name": "q"}), &free).unwrap();
    assert_eq!(renamed.name, "q");
    let more = policy.merged(
        &json!({"limits": {"limit_count_daily_email_sent": 400}}),
        &free,
    );
    assert!(matches!(more, Err(Fault::OverPlan { .. })));
}

#[test]
fn inbox_outlives_junk_and_minus_one_is_for_ever() {
    let periods = |inbox: i64, spam: i64| {
        read(json!({"name": "p", "limits": {
            "limit_inbox_retention_period": inbox, "limit_spam_retention_period": spam}}))
    };
    assert!(periods(31, 30).is_ok());
    assert!(periods(-1, 30).is_ok());
    assert!(periods(-1, -1).is_ok());
    assert!(periods(5, -1).is_ok(), "not both are finite");
    for (inbox, spam) in [(30, 30), (7, 30)] {
        assert_eq!(
            field(periods(inbox, spam)),
            "limits.limit_inbox_retention_period"
        );
    }
    // What holds counts, and not only what was said.
    let shorter = with_limit("limit_inbox_retention_period", json!(30));
    assert_eq!(field(shorter), "limits.limit_inbox_retention_period");
}

#[test]
fn changes_are_merged_at_every_depth_and_null_clears() {
    let unlimited = Plan::unlimited();
    let policy = read(json!({
        "name": "p",
        "limits": {"limit_storage_total": 10, "limit_attachment_allowed_types": ["image/*"]},
        "spam_detection": {"use_list_dnsbl": true, "spam_sensitivity": 1.4},
        "outbound_guard": {"secrets": "block", "patterns": [{"name": "a", "regex": "b", "action": "warn"}]},
        "options": {"additional_folders": ["Orders"]},
        "rules": [{"x": 1}],
    }))
    .unwrap();
    let (changed, unknown) = policy
        .merged(
            &json!({
                "limits": {"limit_count_daily_email_sent": 5},
                "spam_detection": {"spam_sensitivity": 2},
                "outbound_guard": {"payment_cards": "warn"},
                "surprise": 1,
            }),
            &unlimited,
        )
        .unwrap();
    assert_eq!(unknown, ["surprise"]);
    assert_eq!(changed.given(Limit::StorageBytes), Some(10));
    assert_eq!(changed.given(Limit::SentPerDay), Some(5));
    assert_eq!(changed.allowed_types, policy.allowed_types);
    assert!(changed.spam.use_list_dnsbl);
    assert_eq!(changed.spam.sensitivity, 2.0);
    assert_eq!(changed.guard.secrets, GuardAction::Block);
    assert_eq!(changed.guard.payment_cards, GuardAction::Warn);
    assert_eq!(changed.guard.patterns.len(), 1);
    assert_eq!(changed.additional_folders, ["Orders"]);
    let (cleared, _) = changed
        .merged(
            &json!({"limits": {"limit_storage_total": null, "limit_attachment_allowed_types": null}, "rules": null}),
            &unlimited,
        )
        .unwrap();
    assert_eq!(cleared.given(Limit::StorageBytes), None);
    assert!(cleared.allowed_types.is_empty());
    assert_eq!(cleared.to_stored()["rules"], json!([]));
    for refused in [json!({"name": null}), json!({"limits": 5}), json!([])] {
        assert!(matches!(
            policy.merged(&refused, &unlimited),
            Err(Fault::Invalid { .. })
        ));
    }
}

#[test]
fn what_is_written_down_is_read_back_the_same() {
    let policy = read(json!({
        "name": "p",
        "limits": {"limit_inbox_retention_period": 60, "limit_spam_retention_period": 14,
            "limit_attachment_allowed_types": ["IMAGE/*", "application/pdf"]},
        "outbound_guard": {"first_time_recipients": "hold"},
        "options": {"use_cidr_aliasing": true},
    }))
    .unwrap();
    assert_eq!(Policy::from_stored(&policy.to_stored()), Ok(policy));
}

#[test]
fn settings_out_of_range_name_their_member() {
    let cases = [
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(257)}), "name"),
        (json!({}), "name"),
        (
            json!({"name": "p", "spam_detection": {"spam_sensitivity": 0.05}}),
            "spam_detection.spam_sensitivity",
        ),
        (
            json!({"name": "p", "spam_detection": {"spam_sensitivity": 5.1}}),
            "spam_detection.spam_sensitivity",
        ),
        (
            json!({"name": "p", "spam_detection": {"use_list_dnsbl": "yes"}}),
            "spam_detection.use_list_dnsbl",
        ),
        (
            json!({"name": "p", "limits": {"limit_attachment_allowed_types": ["pdf"]}}),
            "limits.limit_attachment_allowed_types",
        ),
        (
            json!({"name": "p", "outbound_guard": {"secrets": "on"}}),
            "outbound_guard.secrets",
        ),
        (
            json!({"name": "p", "outbound_guard": {"patterns": [{"name": "a", "regex": "(?=x)", "action": "warn"}]}}),
            "outbound_guard.patterns[0].regex",
        ),
        (
            json!({"name": "p", "outbound_guard": {"patterns": [{"name": "a", "regex": "x"}]}}),
            "outbound_guard.patterns[0].action",
        ),
        (
            json!({"name": "p", "options": {"additional_folders": [""]}}),
            "options.additional_folders",
        ),
    ];
    for (document, expected) in cases {
        assert_eq!(field(read(document.clone())), expected, "{document}");
    }
}

#[test]
fn caps_are_found_by_name() {
    for cap in Cap::ALL {
        assert_eq!(Cap::named(cap.name()), Some(cap));
    }
    let mut plan = Plan::unlimited();
    plan.set(Cap::Rules, Some(5));
    assert_eq!(plan.cap(Cap::Rules), Some(5));
    assert_eq!(plan.cap(Cap::Lists), None);
}
