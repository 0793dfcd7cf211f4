//! Who was refused for a quota finds out why: one question to the audit log, which no flood can fill.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::audit::{AuditFilter, AuditView};
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::receive::ReceiveRefusal;
use posthouse_mailroom::send::SendWishes;
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Kind;
use serde_json::json;

use crate::policies::govern;
use crate::quotas::{letter, retry_after, send};
use crate::support::{Office, every_engine, message};

const TO: [&str; 1] = ["agent@agents.localhost"];

/// What the log says of an account's mail that was not taken or not sent, oldest first.
async fn refused(office: &Office, grant: &GrantRef) -> Vec<AuditView> {
    let filter = AuditFilter {
        grant_id: Some(office.mailroom.public_id(Kind::Grant, grant.grant)),
        ..AuditFilter::default()
    };
    let page = office.mailroom.list_audit(&office.actor, filter, 200, None);
    let mut rows = page.await.unwrap().rows;
    rows.retain(|row| row.action.starts_with("message.") && row.outcome == "rejected");
    rows.reverse();
    rows
}

fn reasons(rows: &[AuditView]) -> Vec<&str> {
    rows.iter()
        .filter_map(|row| row.reason.as_deref())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_a_full_mailbox_or_a_full_day_refused_is_on_record() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let policy = govern(&office, json!({"limit_storage_total": 2_000})).await;
        let large = message(&["Subject: large"], &"x".repeat(2_500));
        let full = office.deliver(&TO, &large).await;
        assert_eq!(full.map(drop), Err(ReceiveRefusal::MailboxFull));
        govern(&office, json!({"limit_count_daily_message_received": 0})).await;
        let over = office.deliver(&TO, &large).await;
        assert_eq!(over.map(drop), Err(ReceiveRefusal::OverDailyLimit));
        govern(&office, json!({"limit_size_total_mime": 100})).await;
        let address = EmailAddress::parse_strict(TO[0]).unwrap();
        let recipient = office.mailroom.resolve_recipient(&address).await.unwrap();
        let admitted = office.mailroom.admit(None, Some(101), &recipient).await;
        assert!(admitted.is_err());
        let rows = refused(&office, &agent).await;
        assert_eq!(
            reasons(&rows),
            [
                "the mailbox is full",
                "the mailbox receives no more for now",
                "larger than its policy allows"
            ]
        );
        for row in &rows {
            assert_eq!(
                (row.action.as_str(), &row.recipients[..]),
                ("message.receive", &[TO[0].to_owned()][..])
            );
        }
        assert_eq!(rows[0].policy_id.as_deref(), Some(policy.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refusals_leaves_few_entries_that_count_it() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(
            &office,
            json!({"limit_count_daily_message_received": 0, "limit_count_daily_email_sent": 0}),
        )
        .await;
        let address = EmailAddress::parse_strict(TO[0]).unwrap();
        for _ in 0..120 {
            let recipient = office.mailroom.resolve_recipient(&address).await.unwrap();
            assert!(office.mailroom.admit(None, None, &recipient).await.is_err());
        }
        for number in 0..12 {
            retry_after(send(&office, &agent, number).await);
        }
        let (rows, no_more) = (
            refused(&office, &agent).await,
            "the mailbox receives no more for now",
        );
        assert_eq!(
            reasons(&rows),
            [
                no_more,
                &format!("{no_more}; 10 times within this hour"),
                &format!("{no_more}; 100 times within this hour"),
                "daily send limit of 0 reached",
                "daily send limit of 0 reached; 10 times within this hour",
            ]
        );
        office.clock.forward(3_600);
        retry_after(send(&office, &agent, 0).await);
        assert_eq!(refused(&office, &agent).await.len(), 6, "anew in each hour");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_drafts_and_schedules_that_a_quota_refused_are_on_record() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let policy = govern(&office, json!({"limit_count_daily_email_sent": 0})).await;
        let send_at = office.clock_us() / 1_000_000 + 600;
        let scheduled = office.mailroom.schedule_message(&agent, letter(0), send_at);
        let scheduled = scheduled.await.unwrap();
        retry_after(send(&office, &agent, 0).await);
        let rows = refused(&office, &agent).await;
        assert_eq!(reasons(&rows), ["daily send limit of 0 reached"]);
        assert_eq!(rows[0].recipients, ["buyer@shop.example"]);
        assert_eq!(rows[0].policy_id.as_deref(), Some(policy.as_str()));
        office.clock.forward(601);
        office.mailroom.release_schedules().await.unwrap();
        let rows = refused(&office, &agent).await;
        let of_schedule = rows.last().unwrap();
        assert_eq!(
            of_schedule.object,
            Some(("schedule".to_owned(), scheduled.schedule_id))
        );
        assert_eq!(
            of_schedule.reason.as_deref(),
            Some("daily send limit of 0 reached")
        );
        assert_eq!(of_schedule.actor, "system");
        govern(&office, json!({"limit_storage_total": 900})).await;
        let wanted = letter(1);
        let change = DraftChange {
            to: Some(wanted.to),
            body: Some("x".repeat(700)),
            ..DraftChange::default()
        };
        let draft = crate::drafts::create(&office, &agent, change).await;
        let id = draft["id"].as_str().unwrap();
        let sent = office
            .mailroom
            .send_draft(&agent, id, SendWishes::default(), None);
        assert!(matches!(sent.await, Err(Refusal::PlanCap { .. })));
        let rows = refused(&office, &agent).await;
        let reason = rows.last().unwrap().reason.as_deref();
        assert_eq!(
            reason,
            Some("storage limit of 900 bytes reached for this plan")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_used_up_is_no_rate_that_one_could_wait_for() {
    for office in every_engine().await {
        office.mailroom.send_at_most(1);
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_count_daily_email_sent": 0})).await;
        let sent = office.mailroom.send_or_queue(&agent, letter(0), None).await;
        retry_after(sent.map(drop));
        assert_eq!(
            reasons(&refused(&office, &agent).await),
            ["daily send limit of 0 reached"]
        );
    }
}
