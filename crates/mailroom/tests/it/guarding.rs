//! What the guard does about mail that must not leave.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::send::Outgoing;
use posthouse_store::changes::ChangeKind;
use posthouse_store::{StoreError, Tx};
use serde_json::{Value, json};

use crate::governing::evaluations;
use crate::holds::{approve, attach_policy, letter, send, told};
use crate::support::{Office, every_engine};

async fn guard(office: &Office, outbound_guard: Value) -> String {
    let policy = json!({"name": "Guarded", "outbound_guard": outbound_guard});
    let kept = office
        .mailroom
        .create_policy(&office.actor, &policy)
        .await
        .unwrap();
    attach_policy(office, &kept.policy.id).await;
    kept.policy.id
}

const CARD: &str = "4111 1111 1111 1111";

#[tokio::test(flavor = "multi_thread")]
async fn agent_04_the_guard_warns_holds_or_blocks_and_tells_no_secret() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let paying = || Outgoing {
            body: format!("<p>my card is {CARD}</p>"),
            ..letter("Pay")
        };
        let policy = guard(&office, json!({"payment_cards": "warn"})).await;
        let warned = send(&office, &agent, paying()).await.unwrap();
        assert!(warned.hold.is_none());
        assert_eq!(
            warned.warnings,
            ["the number of a Visa card (… 1111) in the plain text at character 12"]
        );
        let change = async |action: &str| {
            let changes = json!({"outbound_guard": {"payment_cards": action}});
            office
                .mailroom
                .update_policy(&office.actor, &policy, &changes)
                .await
                .unwrap();
        };
        change("hold").await;
        let held = send(&office, &agent, paying()).await.unwrap();
        let hold = held.hold.expect("a hold");
        assert_eq!(hold.rule_ids, [""; 0]);
        assert!(
            hold.reasons[0].starts_with("the number of a Visa card"),
            "{:?}",
            hold.reasons
        );
        let events = told(&office, ChangeKind::MessageHeld).await;
        assert!(!events[0].as_ref().unwrap().to_string().contains("4111"));
        change("block").await;
        let blocked = send(&office, &agent, paying()).await;
        let Err(Refusal::Forbidden { message }) = blocked else {
            panic!("{blocked:?}")
        };
        assert!(
            message.starts_with("Blocked by the outbound guard: the number of a Visa card"),
            "{message}"
        );
        assert!(!message.contains("4111"), "{message}");
        let still = approve(&office, &hold.id).await;
        assert!(matches!(still, Err(Refusal::Forbidden { .. })), "{still:?}");
        change("hold").await;
        approve(&office, &hold.id).await.unwrap();
        // Warned, held, blocked, blocked when it was approved, sent: what the guard stops is on record, without any rule.
        let seen = evaluations(&office, &agent).await;
        let done: Vec<&Value> = seen
            .iter()
            .map(|one| &one.members["applied_actions"])
            .collect();
        let (held, blocked) = (json!({"held": true}), json!({"blocked": true}));
        assert_eq!(done, [&json!({}), &blocked, &blocked, &held]);
        assert!(seen[0].message_id.is_some() && seen[3].message_id.is_none());
        assert_eq!(
            seen[3].members["evaluation_input"]["recipient_addresses"],
            json!(["buyer@shop.example", "hidden@shop.example"])
        );
        assert!(
            send(&office, &agent, letter("Fine"))
                .await
                .unwrap()
                .hold
                .is_none()
        );
        let read = |tx: &mut dyn Tx| -> Result<Vec<String>, StoreError> {
            tx.query(
                "SELECT reason FROM audit WHERE reason IS NOT NULL",
                &[],
                |row| row.string(0),
            )
        };
        let audited = office.store.read(read).await.unwrap();
        assert!(
            audited.iter().any(|reason| reason.contains("Visa card")),
            "{audited:?}"
        );
        assert!(
            audited.iter().all(|reason| !reason.contains("4111 1111")),
            "{audited:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_held_until_they_have_written() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        guard(&office, json!({"first_time_recipients": "hold"})).await;
        let held = send(&office, &agent, letter("Hello")).await.unwrap();
        let reasons = held.hold.expect("a hold").reasons;
        assert_eq!(
            reasons,
            [
                "buyer@shop.example has never written to this account",
                "hidden@shop.example has never written to this account",
            ]
        );
        for author in ["Buyer@shop.example", "hidden@shop.example"] {
            let raw =
                format!("From: {author}\r\nSubject: Hi\r\nMessage-ID: <{author}>\r\n\r\nhello\r\n");
            office
                .deliver_confirmed(&["agent@agents.localhost"], &raw)
                .await;
        }
        assert!(
            send(&office, &agent, letter("Hello"))
                .await
                .unwrap()
                .hold
                .is_none()
        );
    }
}
