//! What cannot be looked up or read stops mail, and is no way round the rules.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_store::{StoreError, Tx};
use serde_json::json;

use crate::governing::{address, count, evaluations, govern, on, queued, rule, send};
use crate::support::{Office, every_engine, message};

async fn execute(office: &Office, sql: &'static str) {
    let run = move |tx: &mut dyn Tx| -> Result<(), StoreError> { tx.batch(sql) };
    office.store.write(run).await.unwrap();
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
