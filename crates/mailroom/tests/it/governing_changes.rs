//! Whatever changes what governs an account holds for the next recipient that is named, also for one asked about a moment ago.

use posthouse_mailroom::provision::AccountChanges;
use posthouse_mailroom::receive::RecipientRefusal;
use posthouse_mailroom::workspaces::{Governance, NewWorkspace};
use serde_json::{Value, json};

use crate::governing::{address, attach, govern, on, rule};
use crate::support::{Office, every_engine, message};

const BLOCKED: Result<(), RecipientRefusal> = Err(RecipientRefusal::Blocked);
const FULL: Result<(), RecipientRefusal> = Err(RecipientRefusal::OverDailyLimit);

/// Names the account to the door twice: the second time nobody needs to look.
async fn asked(office: &Office) -> Result<(), RecipientRefusal> {
    let agent = address("agent@agents.localhost");
    let recipient = office.mailroom.resolve_recipient(&agent);
    let recipient = recipient.await.unwrap();
    let sender = address("a@evil.test");
    let first = office.mailroom.admit(Some(&sender), None, &recipient).await;
    let again = office.mailroom.admit(Some(&sender), None, &recipient).await;
    assert_eq!(first, again);
    first
}

async fn block(office: &Office, domain: &str) -> String {
    let conditions = on("from.domain", "is", json!(domain));
    let body = rule("inbound", conditions, json!([{"type": "block"}]));
    let made = office.mailroom.create_rule(&office.actor, &body).await;
    made.unwrap().id
}

async fn workspace(office: &Office, rules: &[&str]) -> String {
    let new = NewWorkspace {
        name: "Elsewhere".to_owned(),
        governance: Governance {
            policy_id: None,
            rule_ids: Some(rules.iter().map(|id| (*id).to_owned()).collect()),
        },
        ..NewWorkspace::default()
    };
    let made = office.mailroom.create_workspace(&office.actor, new).await;
    made.unwrap().workspace_id
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_attached_changed_and_deleted_hold_at_once() {
    for office in every_engine().await {
        office.account("agent").await;
        assert_eq!(asked(&office).await, Ok(()));
        let id = block(&office, "evil.test").await;
        assert_eq!(asked(&office).await, Ok(()), "listed nowhere");
        attach(&office, std::slice::from_ref(&id)).await;
        assert_eq!(asked(&office).await, BLOCKED);
        for (domain, then) in [("good.test", Ok(())), ("evil.test", BLOCKED)] {
            let change = json!({"match": {"conditions": on("from.domain", "is", json!(domain))}});
            let changed = office.mailroom.update_rule(&office.actor, &id, change);
            changed.await.unwrap();
            assert_eq!(asked(&office).await, then, "{domain}");
        }
        office
            .mailroom
            .delete_rule(&office.actor, &id)
            .await
            .unwrap();
        assert_eq!(asked(&office).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_asked_nothing_at_rcpt_holds_as_it_was_changed() {
    for office in every_engine().await {
        office.account("agent").await;
        let subject = rule(
            "inbound",
            on("subject", "contains", json!("alpha")),
            json!([{"type": "block"}]),
        );
        let id = govern(&office, &[subject]).await.remove(0);
        assert_eq!(asked(&office).await, Ok(()), "remembered");
        let update = async |changes: Value| {
            let changed = office.mailroom.update_rule(&office.actor, &id, changes);
            changed.await.unwrap();
        };
        // As the door does it: what was read at RCPT holds at the end of the data.
        let deliver = async |subject: &str| {
            let raw = message(&[&format!("Subject: {subject}")], "Hello");
            let delivery = office.delivery(&["agent@agents.localhost"], &raw).await;
            let sender = delivery.envelope_from.as_ref();
            let named = &delivery.recipients[0];
            let admitted = office.mailroom.admit(sender, None, named).await;
            assert_eq!(admitted, Ok(()), "{subject}");
            office.mailroom.receive(delivery).await.is_ok()
        };
        assert!(!deliver("alpha").await);
        update(json!({"match": {"conditions": on("subject", "contains", json!("beta"))}})).await;
        assert!(!deliver("beta").await);
        assert!(deliver("alpha").await);
        update(json!({"enabled": false})).await;
        assert!(deliver("beta").await);
        update(json!({"enabled": true})).await;
        assert!(!deliver("beta").await);
        update(json!({"match": {"conditions": on("from.domain", "is", json!("evil.test"))}})).await;
        assert_eq!(asked(&office).await, BLOCKED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moves_is_governed_by_where_it_is() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let id = block(&office, "evil.test").await;
        let strict = workspace(&office, &[&id]).await;
        let open = workspace(&office, &[]).await;
        assert_eq!(asked(&office).await, Ok(()));
        let agent = [agent.email.clone()];
        let mailroom = &office.mailroom;
        let to = |workspace: &str| AccountChanges {
            workspace_id: Some(workspace.to_owned()),
            ..AccountChanges::default()
        };
        let moved = mailroom
            .update_account(&office.actor, &agent[0], to(&strict))
            .await;
        let id = moved.unwrap().id;
        assert_eq!(asked(&office).await, BLOCKED);
        mailroom
            .update_account(&office.actor, &agent[0], to(&open))
            .await
            .unwrap();
        assert_eq!(asked(&office).await, Ok(()));
        let ids = [id];
        mailroom
            .assign_accounts(&office.actor, &strict, &ids, &[])
            .await
            .unwrap();
        assert_eq!(asked(&office).await, BLOCKED);
        mailroom
            .delete_workspace(&office.actor, &strict)
            .await
            .unwrap();
        assert_eq!(asked(&office).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_are_attached_changed_and_deleted_hold_at_once() {
    for office in every_engine().await {
        office.account("agent").await;
        assert_eq!(asked(&office).await, Ok(()));
        let none = json!({"limits": {"limit_count_daily_message_received": 0}});
        let some = json!({"limits": {"limit_count_daily_message_received": -1}});
        let policy = crate::policies::govern(&office, none["limits"].clone()).await;
        assert_eq!(asked(&office).await, FULL);
        let mailroom = &office.mailroom;
        mailroom
            .update_policy(&office.actor, &policy, &some)
            .await
            .unwrap();
        assert_eq!(asked(&office).await, Ok(()));
        mailroom
            .update_policy(&office.actor, &policy, &none)
            .await
            .unwrap();
        assert_eq!(asked(&office).await, FULL);
        mailroom
            .delete_policy(&office.actor, &policy)
            .await
            .unwrap();
        assert_eq!(asked(&office).await, Ok(()));
    }
}
