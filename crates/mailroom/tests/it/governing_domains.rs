//! What a domain sends without an account passes what governs the accounts of the domain.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::audit::{AuditFilter, AuditView};
use posthouse_mailroom::domains::NewDomain;
use posthouse_mailroom::send::{DomainMail, Outgoing, SentMessage};
use posthouse_mailroom::workspaces::{Governance, NewWorkspace};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::governing::{govern, on, queued, rule};
use crate::holds::attach_policy;
use crate::support::{Office, every_engine};

const DOMAIN: &str = "own.agents.localhost";

async fn send(office: &Office, to: &str, body: &str) -> Result<SentMessage, Refusal> {
    let shown = |email: &str| DisplayAddress {
        name: String::new(),
        email: email.to_owned(),
    };
    let outgoing = Outgoing {
        from: Some(shown("shop@own.agents.localhost")),
        to: vec![shown(to)],
        subject: "Receipt".to_owned(),
        body: body.to_owned(),
        ..Outgoing::default()
    };
    let find = || office.mailroom.domain_for(&office.actor, DOMAIN);
    if find().await.is_err() {
        let new = NewDomain {
            name: "Own".to_owned(),
            domain_address: DOMAIN.to_owned(),
            ..NewDomain::default()
        };
        let made = office.mailroom.register_domain(&office.actor, new).await;
        made.unwrap();
    }
    let domain = find().await.unwrap();
    let mail = DomainMail::Parts(Box::new(outgoing));
    office.mailroom.send_for_domain(&domain, mail, None).await
}

async fn audited(office: &Office) -> AuditView {
    let filter = AuditFilter::default();
    let page = office.mailroom.list_audit(&office.actor, filter, 1, None);
    page.await.unwrap().rows.remove(0)
}

fn refused(outcome: Result<SentMessage, Refusal>) -> String {
    match outcome {
        Err(Refusal::Forbidden { message }) => message,
        other => panic!("{other:?}"),
    }
}

fn about(domain: &str, action: &str) -> Value {
    rule(
        "outbound",
        on("recipient.domain", "is", json!(domain)),
        json!([{"type": action}]),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_01_a_domain_that_sends_passes_the_rules_of_its_workspace() {
    for office in every_engine().await {
        let ids = govern(
            &office,
            &[
                about("evil.example", "block"),
                about("wait.example", "hold"),
            ],
        )
        .await;
        let message = refused(send(&office, "x@evil.example", "Hi").await);
        assert_eq!(
            message,
            format!("Blocked by rule \"House rule\" ({})", ids[0])
        );
        let entry = audited(&office).await;
        assert_eq!(
            (entry.action.as_str(), entry.outcome.as_str()),
            ("message.send", "blocked")
        );
        assert_eq!(entry.rule_ids, [ids[0].as_str()]);
        assert_eq!(entry.recipients, ["x@evil.example"]);
        let message = refused(send(&office, "x@wait.example", "Hi").await);
        assert_eq!(
            message,
            "Held by rule \"House rule\": mail that a domain sends without an account cannot wait for approval, send it \
             from an account"
        );
        assert_eq!(audited(&office).await.outcome, "blocked");
        assert_eq!(queued(&office).await, 0);
        send(&office, "x@ok.example", "Hi").await.unwrap();
        assert_eq!(queued(&office).await, 1);
        // Who has a workspace of its own has its rules.
        let new = NewWorkspace {
            name: "Own".to_owned(),
            domain: Some(DOMAIN.to_owned()),
            auto_group: true,
            governance: Governance::default(),
        };
        office
            .mailroom
            .create_workspace(&office.actor, new)
            .await
            .unwrap();
        send(&office, "x@evil.example", "Hi").await.unwrap();
        assert_eq!(queued(&office).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_04_a_domain_that_sends_passes_the_guard() {
    for office in every_engine().await {
        let policy = json!({"name": "Guarded", "outbound_guard": {"payment_cards": "block"}});
        let kept = office
            .mailroom
            .create_policy(&office.actor, &policy)
            .await
            .unwrap();
        attach_policy(&office, &kept.policy.id).await;
        let paying = "<p>4111 1111 1111 1111</p>";
        let message = refused(send(&office, "x@ok.example", paying).await);
        assert!(
            message.starts_with("Blocked by the outbound guard: the number of a Visa card"),
            "{message}"
        );
        assert_eq!(audited(&office).await.outcome, "blocked");
        let changes = json!({"outbound_guard": {"payment_cards": "warn"}});
        let changed = office
            .mailroom
            .update_policy(&office.actor, &kept.policy.id, &changes);
        changed.await.unwrap();
        let sent = send(&office, "x@ok.example", paying).await.unwrap();
        assert_eq!(sent.warnings.len(), 1);
        assert_eq!(audited(&office).await.outcome, "warned");
        assert_eq!(queued(&office).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_07_a_domain_whose_rules_cannot_be_read_sends_nothing() {
    for office in every_engine().await {
        govern(&office, &[about("evil.example", "archive")]).await;
        crate::governing_failures::damage_rules(&office).await;
        let unsent = send(&office, "x@ok.example", "Hi").await;
        assert!(
            matches!(unsent, Err(Refusal::Unavailable { .. })),
            "{unsent:?}"
        );
        assert_eq!(queued(&office).await, 0);
        assert_eq!(audited(&office).await.outcome, "failed");
    }
}
