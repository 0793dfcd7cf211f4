//! What cannot be looked up or read stops mail, and is no way round the rules.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_mailroom::send::{OutgoingSource, SentMessage};
use posthouse_store::{StoreError, Tx};
use serde_json::json;

use crate::governing::{address, count, evaluations, govern, on, queued, rule, send};
use crate::support::{Office, every_engine, message};

async fn execute(office: &Office, sql: &'static str) {
    let run = move |tx: &mut dyn Tx| -> Result<(), StoreError> { tx.batch(sql) };
    office.store.write(run).await.unwrap();
}

/// Makes every rule one that cannot be read.
pub async fn damage_rules(office: &Office) {
    execute(
        office,
        "UPDATE rules SET document = '{\"name\":\"?\"}';
         UPDATE workspaces SET governance_version = governance_version + 1",
    )
    .await;
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
        damage_rules(&office).await;
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
async fn agent_07_each_condition_that_is_looked_up_stops_mail_when_it_cannot_be() {
    for office in every_engine().await {
        let grant = office.account("each").await;
        let list = |kind: &'static str| crate::lists::make(&office, kind);
        let (addresses, domains, endings) = (
            list("address").await.id,
            list("domain").await.id,
            list("tld").await.id,
        );
        let own = office.account("own").await;
        send(&office, &own, &["each@agents.localhost"])
            .await
            .unwrap();
        for (trigger, field, operator, value, lost) in [
            (
                "inbound",
                "from.address",
                "in_list",
                json!([addresses]),
                "list_items",
            ),
            (
                "inbound",
                "from.address",
                "not_in_list",
                json!([addresses]),
                "list_items",
            ),
            (
                "inbound",
                "from.domain",
                "in_list",
                json!([domains]),
                "list_items",
            ),
            (
                "inbound",
                "from.domain",
                "not_in_list",
                json!([domains]),
                "lists",
            ),
            ("inbound", "from.tld", "in_list", json!([endings]), "lists"),
            (
                "inbound",
                "envelope.recipient",
                "in_list",
                json!([addresses]),
                "list_items",
            ),
            (
                "outbound",
                "from.address",
                "in_list",
                json!([addresses]),
                "list_items",
            ),
            (
                "outbound",
                "from.domain",
                "not_in_list",
                json!([domains]),
                "list_items",
            ),
            (
                "outbound",
                "recipient.address",
                "in_list",
                json!([addresses]),
                "list_items",
            ),
            (
                "outbound",
                "recipient.domain",
                "not_in_list",
                json!([domains]),
                "lists",
            ),
            (
                "outbound",
                "recipient.tld",
                "not_in_list",
                json!([endings]),
                "list_items",
            ),
            (
                "outbound",
                "recipient.known",
                "is",
                json!(true),
                "message_terms",
            ),
            (
                "outbound",
                "outbound.type",
                "is",
                json!("reply"),
                "message_terms",
            ),
        ] {
            govern(
                &office,
                &[rule(
                    trigger,
                    on(field, operator, value),
                    json!([{"type": "archive"}]),
                )],
            )
            .await;
            let before = (count(&office, "messages").await, queued(&office).await);
            execute_text(&office, format!("ALTER TABLE {lost} RENAME TO gone")).await;
            match trigger {
                "inbound" => {
                    let raw = message(&["Subject: one"], "Hi");
                    let refused = office.deliver(&["each@agents.localhost"], &raw).await;
                    assert_eq!(
                        refused.unwrap_err(),
                        ReceiveRefusal::Unavailable,
                        "{field} {operator}"
                    );
                }
                _ => {
                    let unsent = answer(&office, &grant).await;
                    assert!(
                        matches!(unsent, Err(Refusal::Unavailable { .. })),
                        "{field}: {unsent:?}"
                    );
                }
            }
            execute_text(&office, format!("ALTER TABLE gone RENAME TO {lost}")).await;
            let after = (count(&office, "messages").await, queued(&office).await);
            assert_eq!(before, after, "{field} {operator}");
            let seen = evaluations(&office, &grant).await;
            let flag = json!({"blocked_by_evaluation_error": true});
            assert_eq!(
                seen[0].members["applied_actions"], flag,
                "{field} {operator}"
            );
        }
    }
}

/// Sends what names another message in its header, so that it has to be looked up whether that one is here.
async fn answer(office: &Office, grant: &GrantRef) -> Result<SentMessage, Refusal> {
    let source = OutgoingSource {
        raw: b"From: each@agents.localhost\r\nTo: x@ok.example\r\nSubject: Re: x\r\n\
               In-Reply-To: <made-up@shop.example>\r\n\r\nHi\r\n"
            .as_slice()
            .into(),
        ..OutgoingSource::default()
    };
    office.mailroom.send_source(grant, source, None).await
}

async fn execute_text(office: &Office, sql: String) {
    let run = move |tx: &mut dyn Tx| -> Result<(), StoreError> { tx.batch(&sql) };
    office.store.write(run).await.unwrap();
}
