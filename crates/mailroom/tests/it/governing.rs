//! Rules act on mail, on its way in and on its way out, and what they decided is on record.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{FolderFilter, MessageQuery};
use posthouse_mailroom::rule_evaluations::{EvaluationFilter, EvaluationView};
use posthouse_mailroom::send::{Outgoing, SentMessage};
use posthouse_mailroom::workspaces::{Governance, WorkspaceChanges};
use posthouse_store::Tx;
use posthouse_store::changes::{self, ChangeKind, Cursor};
use posthouse_types::address::{DisplayAddress, EmailAddress};
use serde_json::{Value, json};

use crate::support::{Office, every_engine, message};

/// Lists rules in the default workspace, in the order given; returns their ids.
pub async fn govern(office: &Office, rules: &[Value]) -> Vec<String> {
    let mut ids = Vec::new();
    for rule in rules {
        let made = office.mailroom.create_rule(&office.actor, rule).await;
        ids.push(
            made.unwrap_or_else(|refusal| panic!("{rule}: {refusal:?}"))
                .id,
        );
    }
    attach(office, &ids).await;
    ids
}

pub async fn attach(office: &Office, ids: &[String]) {
    let workspaces = office
        .mailroom
        .list_workspaces(&office.actor)
        .await
        .unwrap();
    let default = workspaces.iter().find(|one| one.is_default).unwrap();
    let changes = WorkspaceChanges {
        governance: Governance {
            policy_id: None,
            rule_ids: Some(ids.to_vec()),
        },
        ..WorkspaceChanges::default()
    };
    let changed = office
        .mailroom
        .update_workspace(&office.actor, &default.workspace_id, changes);
    changed.await.unwrap();
}

pub fn rule(trigger: &str, conditions: Value, actions: Value) -> Value {
    json!({
        "name": "House rule", "trigger": trigger,
        "match": {"conditions": conditions}, "actions": actions,
    })
}

pub fn on(field: &str, operator: &str, value: Value) -> Value {
    json!([{"field": field, "operator": operator, "value": value}])
}

pub async fn evaluations(office: &Office, grant: &GrantRef) -> Vec<EvaluationView> {
    evaluations_of(office, grant, EvaluationFilter::default()).await
}

pub async fn evaluations_of(
    office: &Office,
    grant: &GrantRef,
    filter: EvaluationFilter,
) -> Vec<EvaluationView> {
    let page = office
        .mailroom
        .list_rule_evaluations(grant, filter, 50, None);
    page.await.unwrap().rows
}

pub async fn folder(office: &Office, grant: &GrantRef, name: &str) -> Vec<Value> {
    let folders = FolderFilter::Named(vec![name.to_owned()]);
    let query = MessageQuery {
        folders,
        ..MessageQuery::default()
    };
    office.list(grant, query).await
}

pub async fn send(office: &Office, grant: &GrantRef, to: &[&str]) -> Result<SentMessage, Refusal> {
    let recipients = to.iter().map(|email| DisplayAddress {
        name: String::new(),
        email: (*email).to_owned(),
    });
    let outgoing = Outgoing {
        to: recipients.collect(),
        subject: "Offer".to_owned(),
        body: "Hello".to_owned(),
        ..Outgoing::default()
    };
    office.mailroom.send_message(grant, outgoing, None).await
}

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse_strict(text).unwrap()
}

pub async fn queued(office: &Office) -> i64 {
    count(office, "outbound").await
}

pub async fn count(office: &Office, table: &'static str) -> i64 {
    let read = move |tx: &mut dyn Tx| {
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
        tx.query_one(&sql, &[], |row| row.int(0))
    };
    office.store.read(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_send_names_the_rule_and_leaves_nothing_but_its_record() {
    for office in every_engine().await {
        let grant = office.account("sender").await;
        let ids = govern(
            &office,
            &[rule(
                "outbound",
                on("recipient.domain", "is_not", json!("ok.example")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        let refused = send(&office, &grant, &["x@evil.example"])
            .await
            .unwrap_err();
        let expected = format!("Blocked by rule \"House rule\" ({})", ids[0]);
        assert!(
            matches!(&refused, Refusal::Forbidden { message } if *message == expected),
            "{refused:?}"
        );
        assert_eq!(
            (queued(&office).await, count(&office, "messages").await),
            (0, 0)
        );
        let seen = evaluations(&office, &grant).await;
        assert_eq!(
            (seen[0].stage, &seen[0].message_id),
            ("outbound_send", &None)
        );
        assert_eq!(
            seen[0].members["evaluation_input"]["recipient_addresses"],
            json!(["x@evil.example"])
        );
        assert_eq!(
            seen[0].members["evaluation_input"]["outbound_type"],
            "compose"
        );
        let blocked = "audit WHERE outcome = 'blocked' AND action = 'message.send'";
        assert_eq!(count(&office, blocked).await, 1);
        // One who is known among the recipients: `is_not` wants that none equals.
        let sent = send(&office, &grant, &["x@evil.example", "y@OK.example"])
            .await
            .unwrap();
        let filter = EvaluationFilter {
            message_id: Some(sent.id),
            ..EvaluationFilter::default()
        };
        assert_eq!(evaluations_of(&office, &grant, filter).await.len(), 1);
        assert_eq!(queued(&office).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_01_hidden_recipients_are_recipients() {
    for office in every_engine().await {
        let grant = office.account("hidden").await;
        govern(
            &office,
            &[rule(
                "outbound",
                on("recipient.address", "is", json!("boss@rival.example")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        let one = |email: &str| {
            vec![DisplayAddress {
                name: String::new(),
                email: email.to_owned(),
            }]
        };
        let hidden = Outgoing {
            to: one("a@ok.example"),
            bcc: one("Boss@Rival.Example"),
            body: "Hello".to_owned(),
            ..Outgoing::default()
        };
        let refused = office.mailroom.send_message(&grant, hidden, None).await;
        assert!(matches!(refused, Err(Refusal::Forbidden { .. })));
        let source = posthouse_mailroom::send::OutgoingSource {
            raw: "From: hidden@agents.localhost\r\nTo: a@ok.example\r\nBcc: boss@rival.example\r\n\r\nHi\r\n".into(),
            ..Default::default()
        };
        let refused = office.mailroom.send_source(&grant, source, None).await;
        assert!(matches!(refused, Err(Refusal::Forbidden { .. })));
        assert_eq!(queued(&office).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_actions_touch_the_copy_in_sent_alone() {
    for office in every_engine().await {
        let grant = office.account("copy").await;
        govern(
            &office,
            &[rule(
                "outbound",
                on("subject", "is", json!("offer")),
                json!([
                    {"type": "archive"}, {"type": "mark_as_starred"},
                ]),
            )],
        )
        .await;
        let sent = send(&office, &grant, &["x@elsewhere.example"])
            .await
            .unwrap();
        assert!(folder(&office, &grant, "sent").await.is_empty());
        let archived = folder(&office, &grant, "archive").await;
        assert_eq!(archived[0]["id"], json!(sent.id));
        assert_eq!(archived[0]["starred"], json!(true));
        let shown: Value = serde_json::from_slice(&sent.object).unwrap();
        assert_eq!(shown["folders"], archived[0]["folders"]);
        assert_eq!(queued(&office).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_one_only_to_a_message_that_is_here() {
    for office in every_engine().await {
        let grant = office.account("replier").await;
        govern(
            &office,
            &[rule(
                "outbound",
                on("outbound.type", "is", json!("compose")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        let raw = message(&["Message-ID: <q1@shop.example>", "Subject: Question"], "?");
        office
            .deliver(&["replier@agents.localhost"], &raw)
            .await
            .unwrap();
        let source = |answers: &str| {
            posthouse_mailroom::send::OutgoingSource {
            raw: format!(
                "From: replier@agents.localhost\r\nTo: buyer@shop.example\r\nIn-Reply-To: {answers}\r\n\r\nHi\r\n"
            )
            .into(),
            ..Default::default()
        }
        };
        let made_up = office
            .mailroom
            .send_source(&grant, source("<made-up@shop.example>"), None)
            .await;
        assert!(matches!(made_up, Err(Refusal::Forbidden { .. })));
        let real = office
            .mailroom
            .send_source(&grant, source("<q1@shop.example>"), None)
            .await;
        assert!(real.is_ok(), "{real:?}");
        let inbox = folder(&office, &grant, "inbox").await;
        let reply = Outgoing {
            to: vec![DisplayAddress {
                name: String::new(),
                email: "other@shop.example".to_owned(),
            }],
            body: "Hello".to_owned(),
            reply_to_message_id: inbox[0]["id"].as_str().map(str::to_owned),
            ..Outgoing::default()
        };
        assert!(
            office
                .mailroom
                .send_message(&grant, reply, None)
                .await
                .is_ok()
        );
        let kinds: Vec<Value> = evaluations(&office, &grant)
            .await
            .iter()
            .map(|one| one.members["evaluation_input"]["outbound_type"].clone())
            .collect();
        assert_eq!(kinds, [json!("reply"), json!("reply"), json!("compose")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_written_before_is_known_and_who_is_in_junk_is_not() {
    for office in every_engine().await {
        let grant = office.account("knows").await;
        govern(
            &office,
            &[
                rule(
                    "outbound",
                    on("recipient.known", "is", json!(false)),
                    json!([{"type": "block"}]),
                ),
                rule(
                    "inbound",
                    on("from.address", "is", json!("spammer@shop.example")),
                    json!([{"type": "mark_as_spam"}]),
                ),
            ],
        )
        .await;
        assert!(
            send(&office, &grant, &["buyer@shop.example"])
                .await
                .is_err()
        );
        office
            .deliver(&["knows@agents.localhost"], &message(&[], "Hi"))
            .await
            .unwrap();
        let spam = "From: spammer@shop.example\r\n\r\nBuy\r\n";
        office
            .deliver(&["knows@agents.localhost"], spam)
            .await
            .unwrap();
        assert_eq!(folder(&office, &grant, "junk").await.len(), 1);
        let junked = "audit WHERE outcome = 'junked' AND rule_ids IS NOT NULL";
        assert_eq!(count(&office, junked).await, 1);
        assert!(send(&office, &grant, &["Buyer@Shop.Example"]).await.is_ok());
        assert!(
            send(&office, &grant, &["spammer@shop.example"])
                .await
                .is_err()
        );
        assert!(
            send(&office, &grant, &["buyer@shop.example", "new@shop.example"])
                .await
                .is_err()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_act_on_the_next_message_and_deleted_ones_match_nothing() {
    for office in every_engine().await {
        let grant = office.account("listed").await;
        let list = crate::lists::make(&office, "domain").await;
        govern(
            &office,
            &[rule(
                "outbound",
                on("recipient.domain", "in_list", json!([list.id])),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        assert!(send(&office, &grant, &["x@evil.example"]).await.is_ok());
        let items = vec!["EVIL.example.".to_owned()];
        office
            .mailroom
            .add_list_items(&office.actor, &list.id, items)
            .await
            .unwrap();
        assert!(send(&office, &grant, &["x@evil.example"]).await.is_err());
        assert!(send(&office, &grant, &["x@not-evil.example"]).await.is_ok());
        office
            .mailroom
            .delete_list(&office.actor, &list.id)
            .await
            .unwrap();
        assert!(send(&office, &grant, &["x@evil.example"]).await.is_ok());
        // An allow list that is gone allows nobody.
        let list = crate::lists::make(&office, "domain").await;
        let items = vec!["ok.example".to_owned()];
        office
            .mailroom
            .add_list_items(&office.actor, &list.id, items)
            .await
            .unwrap();
        let strangers = on("recipient.domain", "not_in_list", json!([list.id]));
        govern(
            &office,
            &[rule("outbound", strangers, json!([{"type": "block"}]))],
        )
        .await;
        assert!(send(&office, &grant, &["x@ok.example"]).await.is_ok());
        office
            .mailroom
            .delete_list(&office.actor, &list.id)
            .await
            .unwrap();
        assert!(send(&office, &grant, &["x@ok.example"]).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_between_mailboxes_here_passes_the_same_rules() {
    for office in every_engine().await {
        let sender = office.account("near").await;
        let recipient = office.account("nearby").await;
        govern(
            &office,
            &[rule(
                "inbound",
                on("subject", "is", json!("offer")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        send(&office, &sender, &["nearby@agents.localhost"])
            .await
            .unwrap();
        while office.mailroom.deliver_local_mail().await.unwrap() {}
        assert!(folder(&office, &recipient, "inbox").await.is_empty());
        let seen = evaluations(&office, &recipient).await;
        assert_eq!(seen[0].members["applied_actions"], json!({"blocked": true}));
        let told = folder(&office, &sender, "sent").await;
        assert_eq!(told.len(), 1);
        assert_eq!(queued(&office).await, 0, "it has failed for good");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_looked_at_when_it_is_taken_and_again_when_it_is_due() {
    for office in every_engine().await {
        let grant = office.account("later").await;
        let outgoing = || Outgoing {
            to: vec![DisplayAddress {
                name: String::new(),
                email: "x@evil.example".to_owned(),
            }],
            subject: "Later".to_owned(),
            body: "Hello".to_owned(),
            ..Outgoing::default()
        };
        let send_at = office.clock_us() / 1_000_000 + 120;
        let taken = office
            .mailroom
            .schedule_message(&grant, outgoing(), send_at)
            .await
            .unwrap();
        let ids = govern(
            &office,
            &[rule(
                "outbound",
                on("recipient.domain", "is", json!("evil.example")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        let refused = office
            .mailroom
            .schedule_message(&grant, outgoing(), send_at)
            .await;
        assert!(
            matches!(refused, Err(Refusal::Forbidden { .. })),
            "{refused:?}"
        );
        office.clock.forward(150);
        office.mailroom.release_schedules().await.unwrap();
        let closed = office
            .mailroom
            .get_schedule(&grant, &taken.schedule_id)
            .await
            .unwrap();
        assert_eq!(closed.code, "failed");
        assert!(
            closed
                .description
                .contains(&format!("Blocked by rule \"House rule\" ({})", ids[0]))
        );
        assert_eq!(queued(&office).await, 0);
        told_of_failure(&office).await;
    }
}

/// Waits for the event. On PostgreSQL a reader of the change log waits for older transactions, of whatever database.
async fn told_of_failure(office: &Office) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let read = |tx: &mut dyn Tx| changes::after(tx, Cursor::default(), 1_000);
        let seen = office.store.read(read).await.unwrap();
        let is_told = seen.iter().any(|change| {
            let data = change.data.as_deref().unwrap_or_default();
            change.kind == ChangeKind::MessageSendFailed && data.contains("Blocked by rule")
        });
        if is_told {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "nobody was told");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluations_are_listed_page_by_page_and_go_after_thirty_days() {
    for office in every_engine().await {
        let grant = office.account("many").await;
        govern(
            &office,
            &[rule(
                "inbound",
                on("subject", "is", json!("x")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        for number in 0..5 {
            office.clock.forward(1);
            let raw = message(&[&format!("Subject: {number}")], "Hi");
            office
                .deliver_confirmed(&["many@agents.localhost"], &raw)
                .await;
        }
        let mut seen = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let filter = EvaluationFilter::default();
            let listed = office
                .mailroom
                .list_rule_evaluations(&grant, filter, 2, page.as_deref())
                .await
                .unwrap();
            assert!(listed.rows.len() <= 2);
            seen.extend(listed.rows.into_iter().map(|row| row.evaluated_at));
            match listed.next {
                Some(next) => page = Some(next),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(
            seen.windows(2).all(|pair| pair[0] > pair[1]),
            "newest first"
        );
        let between = EvaluationFilter {
            after: Some(seen[4]),
            before: Some(seen[0]),
            ..EvaluationFilter::default()
        };
        assert_eq!(evaluations_of(&office, &grant, between).await.len(), 3);
        let odd = office
            .mailroom
            .list_rule_evaluations(&grant, EvaluationFilter::default(), 2, Some("x"))
            .await;
        assert!(matches!(odd, Err(Refusal::Invalid { .. })));
        office.clock.forward(30 * 86_400 + 1);
        office.mailroom.expire_rule_evaluations().await.unwrap();
        assert_eq!(count(&office, "rule_evaluations").await, 0);
    }
}
