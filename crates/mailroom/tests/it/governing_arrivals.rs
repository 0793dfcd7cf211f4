//! Rules act on mail that arrives: at RCPT, when all of it is here, and for each recipient apart.

use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_types::address::EmailAddress;
use serde_json::json;

use crate::governing::{address, count, evaluations, folder, govern, on, rule, send};
use crate::support::{every_engine, message};

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
        let ask =
            async |from: Option<&EmailAddress>| office.mailroom.admit(from, None, &recipient).await;
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
async fn what_many_recipients_of_a_workspace_ask_is_asked_once_and_delays_nobody() {
    const LISTS: usize = 50;
    const ACCOUNTS: usize = 80;
    for office in every_engine().await {
        let mut lists = Vec::with_capacity(LISTS);
        for _ in 0..LISTS {
            lists.push(crate::lists::make(&office, "tld").await.id);
        }
        let spam = json!([{"type": "mark_as_spam"}]);
        govern(
            &office,
            &[rule(
                "inbound",
                on("from.tld", "in_list", json!(lists)),
                spam,
            )],
        )
        .await;
        let mut everybody = Vec::with_capacity(ACCOUNTS);
        for place in 0..ACCOUNTS {
            let account = office.account(&format!("agent{place}")).await;
            everybody.push(account.email);
        }
        let to: Vec<&str> = everybody.iter().map(String::as_str).collect();
        // Each asks every list for every ending of both senders.
        let mail = message(&["From: x@a.b.c.d.e.example", "Subject: To all"], "x");
        let accepted = office.deliver(&to, &mail).await.unwrap();
        assert_eq!(accepted.message_ids.len(), ACCOUNTS);
    }
}
