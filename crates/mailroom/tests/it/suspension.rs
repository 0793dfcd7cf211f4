//! Suspended accounts: what arrives, what waits, and what is told and written down of it.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::audit::{AuditFilter, AuditView};
use posthouse_mailroom::provision::NewSuspension;
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_mailroom::send::Outgoing;
use posthouse_store::changes::ChangeKind;
use posthouse_types::address::{DisplayAddress, EmailAddress};

use crate::support::{Office, every_engine, message};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn letter() -> Outgoing {
    Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: "buyer@shop.example".to_owned(),
        }],
        subject: "Offer".to_owned(),
        body: "<p>Hello</p>".to_owned(),
        ..Outgoing::default()
    }
}

async fn suspend(office: &Office, agent: &GrantRef, inbound: &str) {
    let suspension = NewSuspension {
        reason: Some("runaway loop".to_owned()),
        inbound: Some(inbound.to_owned()),
    };
    let view = office
        .mailroom
        .suspend_account(&office.actor, &agent.email, suspension)
        .await
        .unwrap();
    assert!(view.blocked);
}

async fn resume(office: &Office, agent: &GrantRef) {
    let view = office
        .mailroom
        .resume_account(&office.actor, &agent.email)
        .await
        .unwrap();
    assert!(!view.blocked);
}

async fn log(office: &Office, action: &str) -> Vec<AuditView> {
    let filter = AuditFilter {
        action: Some(action.to_owned()),
        ..AuditFilter::default()
    };
    let page = office.mailroom.list_audit(&office.actor, filter, 50, None);
    page.await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_a_suspended_account_is_stored_kept_at_its_sender_or_refused_as_the_operator_chose()
{
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let address = EmailAddress::parse_strict("agent@agents.localhost").unwrap();
        let mail = message(&["Subject: While away"], "Hello");
        suspend(&office, &agent, "accept").await;
        office
            .deliver(&["agent@agents.localhost"], &mail)
            .await
            .unwrap();
        assert_eq!(office.list(&agent, MessageQuery::default()).await.len(), 1);
        for (inbound, refusal) in [
            ("defer", RecipientRefusal::Deferred),
            ("reject", RecipientRefusal::Disabled),
        ] {
            suspend(&office, &agent, inbound).await;
            let refused = office.mailroom.resolve_recipient(&address).await;
            assert_eq!(refused.unwrap_err(), refusal);
        }
        resume(&office, &agent).await;
        assert!(office.mailroom.resolve_recipient(&address).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_of_a_suspended_account_waits_however_long_and_goes_when_it_is_resumed() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let at = office.mailroom.clock().unix_seconds() + HOUR;
        office
            .mailroom
            .schedule_message(&agent, letter(), at)
            .await
            .unwrap();
        suspend(&office, &agent, "accept").await;
        let refused = office.mailroom.send_message(&agent, letter(), None).await;
        assert!(matches!(refused, Err(Refusal::Suspended)), "{refused:?}");
        // Far more looks than a failing schedule is tried.
        for _ in 0..80 {
            office.clock.forward(HOUR);
            office.mailroom.release_schedules().await.unwrap();
        }
        assert_eq!(office.told(ChangeKind::MessageSendFailed).await.len(), 0);
        resume(&office, &agent).await;
        office.mailroom.release_schedules().await.unwrap();
        assert_eq!(office.told(ChangeKind::MessageSendSuccess).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_is_told_once_however_often_it_is_asked_for() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        resume(&office, &agent).await;
        for _ in 0..3 {
            suspend(&office, &agent, "defer").await;
        }
        for _ in 0..3 {
            resume(&office, &agent).await;
        }
        for kind in [ChangeKind::GrantSuspended, ChangeKind::GrantResumed] {
            let events = office.told(kind).await;
            let [event] = events.as_slice() else {
                panic!("{kind:?}: {events:?}")
            };
            assert_eq!(event["email"], "agent@agents.localhost");
            assert_eq!(event["reason"], "runaway loop");
            assert_eq!(event["inbound"], "defer");
        }
        assert_eq!(office.told(ChangeKind::GrantUpdated).await.len(), 2);
        assert_eq!(log(&office, "grant.suspend").await.len(), 1);
        assert_eq!(log(&office, "grant.resume").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_kept_for_a_year_and_tells_that_it_was_cut() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        suspend(&office, &agent, "accept").await;
        office.clock.forward(364 * DAY);
        office.mailroom.expire_records().await.unwrap();
        assert_eq!(log(&office, "grant.suspend").await.len(), 1);
        assert_eq!(log(&office, "audit.expire").await.len(), 0);
        office.clock.forward(2 * DAY);
        office.mailroom.expire_records().await.unwrap();
        assert_eq!(log(&office, "grant.suspend").await.len(), 0);
        let cut = log(&office, "audit.expire").await;
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].actor, "system");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_12_a_message_that_goes_in_circles_is_refused_with_an_entry_that_names_the_peers_network()
 {
    for office in every_engine().await {
        office.account("agent").await;
        let hops = vec!["Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000"; 101];
        let delivery = office
            .delivery(
                &["agent@agents.localhost"],
                &message(&hops, "Round and round"),
            )
            .await;
        let peer = office
            .mailroom
            .on_behalf_of_peer("198.51.100.7".parse().unwrap(), "session-1");
        let refused = peer.receive(delivery).await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::TooManyHops);
        let rows = log(&office, "message.receive").await;
        let [row] = rows.as_slice() else {
            panic!("{rows:?}")
        };
        assert_eq!(row.actor, "smtp:198.51.100.0/24");
        assert_eq!(row.request_id.as_deref(), Some("session-1"));
        assert_eq!(row.recipients, ["agent@agents.localhost"]);
        assert_eq!(row.outcome, "rejected");
    }
}
