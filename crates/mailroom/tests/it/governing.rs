//! Rules act on mail, on its way in and on its way out, and what they decided is on record.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{FolderFilter, MessageQuery};
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_mailroom::rule_evaluations::{EvaluationFilter, EvaluationView};
use posthouse_mailroom::send::{Outgoing, SentMessage};
use posthouse_mailroom::workspaces::{Governance, WorkspaceChanges};
use posthouse_store::{StoreError, Tx};
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

async fn attach(office: &Office, ids: &[String]) {
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

fn on(field: &str, operator: &str, value: Value) -> Value {
    json!([{"field": field, "operator": operator, "value": value}])
}

pub async fn evaluations(office: &Office, grant: &GrantRef) -> Vec<EvaluationView> {
    evaluations_of(office, grant, EvaluationFilter::default()).await
}

async fn evaluations_of(
    office: &Office,
    grant: &GrantRef,
    filter: EvaluationFilter,
) -> Vec<EvaluationView> {
    let page = office
        .mailroom
        .list_rule_evaluations(grant, filter, 50, None);
    page.await.unwrap().rows
}

async fn folder(office: &Office, grant: &GrantRef, name: &str) -> Vec<Value> {
    let folders = FolderFilter::Named(vec![name.to_owned()]);
    let query = MessageQuery {
        folders,
        ..MessageQuery::default()
    };
    office.list(grant, query).await
}

async fn send(office: &Office, grant: &GrantRef, to: &[&str]) -> Result<SentMessage, Refusal> {
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

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse_strict(text).unwrap()
}

async fn queued(office: &Office) -> i64 {
    count(office, "outbound").await
}

async fn count(office: &Office, table: &'static str) -> i64 {
    let read = move |tx: &mut dyn Tx| {
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
        tx.query_one(&sql, &[], |row| row.int(0))
    };
    office.store.read(read).await.unwrap()
}

async fn execute(office: &Office, sql: &'static str) {
    let run = move |tx: &mut dyn Tx| -> Result<(), StoreError> { tx.batch(sql) };
    office.store.write(run).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_move_that_can_be_made_is_made_and_flags_add_up() {
    for office in every_engine().await {
        let grant = office.account("moved").await;
        let ids = govern(
            &office,
            &[
                rule(
                    "inbound",
                    on("subject", "contains", json!("Offer")),
                    json!([
                        {"type": "assign_to_folder", "value": "Nowhere"}, {"type": "mark_as_read"},
                    ]),
                ),
                rule(
                    "inbound",
                    on("from.domain", "is", json!("shop.example")),
                    json!([
                        {"type": "archive"}, {"type": "mark_as_starred"},
                    ]),
                ),
                rule(
                    "inbound",
                    on("header.List-Id", "contains", json!("deals")),
                    json!([{"type": "trash"}]),
                ),
            ],
        )
        .await;
        let raw = message(
            &["Subject: An offer", "List-Id: <deals.shop.example>"],
            "Hi",
        );
        office
            .deliver(&["moved@agents.localhost"], &raw)
            .await
            .unwrap();
        let archived = folder(&office, &grant, "archive").await;
        assert_eq!(archived.len(), 1);
        assert_eq!(
            (&archived[0]["unread"], &archived[0]["starred"]),
            (&json!(false), &json!(true))
        );
        let seen = evaluations(&office, &grant).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].message_id.as_deref(), archived[0]["id"].as_str());
        assert_eq!(seen[0].stage, "inbox_processing");
        assert_eq!(seen[0].members["matched_rule_ids"], json!(ids));
        assert_eq!(
            seen[0].members["applied_actions"],
            json!({"marked_as_read": true, "marked_starred": true, "archived": true})
        );
        assert_eq!(
            seen[0].members["evaluation_input"],
            json!({
                "from_address": "buyer@shop.example", "from_domain": "shop.example", "from_tld": "example",
                "recipient_addresses": ["moved@agents.localhost"], "recipient_domains": ["agents.localhost"],
                "recipient_tlds": ["localhost"], "outbound_type": null,
            })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_a_named_folder_tells_which_and_an_explicit_move_beats_junk() {
    for office in every_engine().await {
        let grant = office.account("named").await;
        govern(
            &office,
            &[rule(
                "inbound",
                on("subject", "is", json!("kept")),
                json!([
                    {"type": "assign_to_folder", "value": "/Clients/Acme"},
                ]),
            )],
        )
        .await;
        let made = posthouse_mailroom::organise::NewFolder {
            name: "Clients/Acme".to_owned(),
            ..Default::default()
        };
        let made = office.mailroom.create_folder(&grant, made).await.unwrap();
        let raw = message(&["Subject: kept"], "Hi");
        office
            .deliver(&["named@agents.localhost"], &raw)
            .await
            .unwrap();
        let seen = evaluations(&office, &grant).await;
        assert_eq!(
            seen[0].members["applied_actions"],
            json!({"folder_ids": [made.id]})
        );
        assert_eq!(folder(&office, &grant, "Clients/Acme").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_matches_nothing_is_on_record_and_without_rules_nothing_is_written() {
    for office in every_engine().await {
        let grant = office.account("plain").await;
        let raw = message(&["Subject: one"], "Hi");
        office
            .deliver(&["plain@agents.localhost"], &raw)
            .await
            .unwrap();
        assert!(evaluations(&office, &grant).await.is_empty());
        govern(
            &office,
            &[rule(
                "inbound",
                on("subject", "is", json!("other")),
                json!([{"type": "block"}]),
            )],
        )
        .await;
        let raw = message(&["Subject: two"], "Hi");
        office
            .deliver(&["plain@agents.localhost"], &raw)
            .await
            .unwrap();
        let seen = evaluations(&office, &grant).await;
        assert_eq!(seen.len(), 1, "the change acts on the next message");
        assert_eq!(seen[0].members["applied_actions"], json!({}));
        assert_eq!(seen[0].members["matched_rule_ids"], json!([]));
        assert!(seen[0].message_id.is_some());
        // Outbound there is no rule, so nothing to write either.
        send(&office, &grant, &["somebody@elsewhere.example"])
            .await
            .unwrap();
        assert_eq!(evaluations(&office, &grant).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_envelope_is_refused_at_rcpt_and_only_refusals_are_written() {
    for office in every_engine().await {
        let grant = office.account("door").await;
        let ids = govern(
            &office,
            &[
                rule(
                    "inbound",
                    on("from.domain", "is", json!("evil.test")),
                    json!([{"type": "block"}]),
                ),
                rule(
                    "inbound",
                    on("subject", "is_not", json!("x")),
                    json!([{"type": "mark_as_read"}]),
                ),
            ],
        )
        .await;
        let recipient = office
            .mailroom
            .resolve_recipient(&address("door@agents.localhost"))
            .await
            .unwrap();
        let ask = async |from: Option<&EmailAddress>| office.mailroom.admit(from, None, &recipient).await;
        assert_eq!(
            ask(Some(&address("a@Evil.TEST"))).await,
            Err(RecipientRefusal::Blocked)
        );
        assert_eq!(ask(Some(&address("a@sub.evil.test"))).await, Ok(()));
        assert_eq!(
            ask(None).await,
            Ok(()),
            "the null sender says nothing of the author"
        );
        let seen = evaluations(&office, &grant).await;
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].stage, &seen[0].message_id), ("smtp_rcpt", &None));
        assert_eq!(seen[0].members["applied_actions"], json!({"blocked": true}));
        assert_eq!(seen[0].members["matched_rule_ids"], json!([ids[0]]));
        assert_eq!(
            seen[0].members["evaluation_input"]["from_address"],
            "a@evil.test"
        );
        assert_eq!(count(&office, "messages").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_some_recipients_stores_for_the_others_and_of_all_refuses_the_message() {
    for office in every_engine().await {
        let strict = office.account("strict").await;
        let open = office.account("open").await;
        let conditions = json!([
            {"field": "envelope.recipient", "operator": "is", "value": "strict@agents.localhost"},
            {"field": "from.address", "operator": "is", "value": "buyer@shop.example"},
            {"field": "subject", "operator": "contains", "value": "offer"},
        ]);
        govern(
            &office,
            &[rule("inbound", conditions, json!([{"type": "block"}]))],
        )
        .await;
        let raw = message(&["Subject: An offer"], "Hi");
        let both = ["strict@agents.localhost", "open@agents.localhost"];
        let accepted = office.deliver(&both, &raw).await.unwrap();
        assert_eq!(accepted.message_ids.len(), 1);
        assert!(folder(&office, &strict, "inbox").await.is_empty());
        assert_eq!(folder(&office, &open, "inbox").await.len(), 1);
        let blocked = evaluations(&office, &strict).await;
        assert_eq!((blocked.len(), &blocked[0].message_id), (1, &None));
        assert_eq!(
            blocked[0].members["applied_actions"],
            json!({"blocked": true})
        );
        assert_eq!(evaluations(&office, &open).await.len(), 1);
        let alone = office.deliver(&both[..1], &raw).await;
        assert_eq!(alone.unwrap_err(), ReceiveRefusal::Blocked);
        assert_eq!(evaluations(&office, &strict).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_in_the_header_and_the_envelope_sender_both_count() {
    for office in every_engine().await {
        let grant = office.account("both").await;
        govern(
            &office,
            &[
                rule(
                    "inbound",
                    on("from.address", "is", json!("sender@client.example")),
                    json!([{"type": "mark_as_read"}]),
                ),
                rule(
                    "inbound",
                    on("from.address", "is", json!("buyer@shop.example")),
                    json!([{"type": "mark_as_starred"}]),
                ),
            ],
        )
        .await;
        office
            .deliver(&["both@agents.localhost"], &message(&[], "Hi"))
            .await
            .unwrap();
        let stored = folder(&office, &grant, "inbox").await;
        assert_eq!(
            (&stored[0]["unread"], &stored[0]["starred"]),
            (&json!(false), &json!(true))
        );
    }
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
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_07_what_cannot_be_looked_up_stops_mail_both_ways_and_nothing_is_stored() {
    for office in every_engine().await {
        let grant = office.account("closed").await;
        let list = crate::lists::make(&office, "domain").await;
        govern(
            &office,
            &[
                rule(
                    "inbound",
                    on("from.domain", "in_list", json!([list.id])),
                    json!([{"type": "block"}]),
                ),
                rule(
                    "outbound",
                    on("recipient.domain", "not_in_list", json!([list.id])),
                    json!([{"type": "archive"}]),
                ),
            ],
        )
        .await;
        execute(&office, "ALTER TABLE list_items RENAME TO lost").await;
        let raw = message(&["Subject: one"], "Hi");
        let refused = office.deliver(&["closed@agents.localhost"], &raw).await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::Unavailable);
        let recipient = office
            .mailroom
            .resolve_recipient(&address("closed@agents.localhost"))
            .await
            .unwrap();
        let from = address("a@b.example");
        let at_rcpt = office.mailroom.admit(Some(&from), None, &recipient).await;
        assert_eq!(at_rcpt, Err(RecipientRefusal::Unavailable));
        let unsent = send(&office, &grant, &["x@ok.example"]).await.unwrap_err();
        let expected = "outbound rules could not be evaluated, nothing was sent";
        assert!(
            matches!(&unsent, Refusal::Unavailable { message } if message == expected),
            "{unsent:?}"
        );
        assert_eq!(
            (count(&office, "messages").await, queued(&office).await),
            (0, 0)
        );
        let seen = evaluations(&office, &grant).await;
        let stages: Vec<&str> = seen.iter().map(|one| one.stage).collect();
        assert_eq!(stages, ["outbound_send", "smtp_rcpt", "inbox_processing"]);
        for one in &seen {
            let flag = json!({"blocked_by_evaluation_error": true});
            assert_eq!(one.members["applied_actions"], flag);
            assert_eq!(one.message_id, None);
        }
        execute(&office, "ALTER TABLE lost RENAME TO list_items").await;
        assert!(
            office
                .deliver(&["closed@agents.localhost"], &raw)
                .await
                .is_ok()
        );
        assert!(send(&office, &grant, &["x@ok.example"]).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_07_a_rule_that_cannot_be_read_is_no_rule_less() {
    for office in every_engine().await {
        let grant = office.account("damaged").await;
        govern(
            &office,
            &[rule(
                "outbound",
                on("subject", "is", json!("x")),
                json!([{"type": "archive"}]),
            )],
        )
        .await;
        execute(
            &office,
            "UPDATE rules SET document = '{\"name\":\"?\"}';
             UPDATE workspaces SET governance_version = governance_version + 1",
        )
        .await;
        let refused = office
            .deliver(&["damaged@agents.localhost"], &message(&[], "Hi"))
            .await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::Unavailable);
        let unsent = send(&office, &grant, &["x@ok.example"]).await;
        assert!(matches!(unsent, Err(Refusal::Unavailable { .. })));
        assert_eq!(
            (count(&office, "messages").await, queued(&office).await),
            (0, 0)
        );
        let seen = evaluations(&office, &grant).await;
        assert_eq!(
            seen[0].members["applied_actions"],
            json!({"blocked_by_evaluation_error": true})
        );
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
        let failed = office
            .store
            .read(|tx: &mut dyn Tx| posthouse_store::changes::after(tx, Default::default(), 1_000))
            .await
            .unwrap();
        assert!(failed.iter().any(|change| {
            change.kind == posthouse_store::changes::ChangeKind::MessageSendFailed
                && change
                    .data
                    .as_deref()
                    .is_some_and(|data| data.contains("Blocked by rule"))
        }));
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
