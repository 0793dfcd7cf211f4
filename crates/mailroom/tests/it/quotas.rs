//! Quotas: exact whoever comes at once, by the day and the month, for what is sent, received and kept.

use std::sync::Arc;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::policies::{Cap, Plan};
use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_mailroom::send::{Outgoing, SendWishes};
use posthouse_types::address::{DisplayAddress, EmailAddress};
use serde_json::json;

use crate::policies::govern;
use crate::support::{Office, every_engine, message};

const DAY: i64 = 86_400;

pub fn letter(number: usize) -> Outgoing {
    Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: "buyer@shop.example".to_owned(),
        }],
        subject: format!("Letter {number}"),
        body: "Hello".to_owned(),
        ..Outgoing::default()
    }
}

pub async fn send(office: &Office, grant: &GrantRef, number: usize) -> Result<(), Refusal> {
    let sent = office.mailroom.send_message(grant, letter(number), None);
    sent.await.map(drop)
}

async fn send_draft(office: &Office, grant: &GrantRef, number: usize) -> Result<(), Refusal> {
    let wanted = letter(number);
    let change = DraftChange {
        to: Some(wanted.to),
        subject: Some(wanted.subject),
        body: Some(wanted.body),
        ..DraftChange::default()
    };
    let draft = crate::drafts::create(office, grant, change).await;
    let sent = office.mailroom.send_draft(
        grant,
        draft["id"].as_str().unwrap(),
        SendWishes::default(),
        None,
    );
    sent.await.map(drop)
}

pub fn retry_after(outcome: Result<(), Refusal>) -> u64 {
    match outcome {
        Err(Refusal::RateLimited {
            retry_after_seconds,
            ..
        }) => retry_after_seconds,
        other => panic!("expected a used up quota, got {other:?}"),
    }
}

/// Seconds that a refusal says to wait: to 00:00 UTC, and an hour at most.
fn told_to_wait(office: &Office) -> u64 {
    until_midnight(office).min(3_600)
}

/// Seconds from the office's clock to 00:00 UTC.
fn until_midnight(office: &Office) -> u64 {
    let now = office.clock_us() / 1_000_000;
    u64::try_from(DAY - now.rem_euclid(DAY)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_leave_as_the_day_has_whoever_sends_at_once() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_count_daily_email_sent": 100})).await;
        let office = Arc::new(office);
        let clients = (0..32).map(|client| {
            let (office, agent) = (Arc::clone(&office), agent.clone());
            tokio::spawn(async move {
                let (mut left, mut refused) = (0, 0);
                for number in 0..5 {
                    let outcome = match (client + number) % 2 {
                        0 => send(&office, &agent, number).await,
                        _ => send_draft(&office, &agent, number).await,
                    };
                    match outcome {
                        Ok(()) => left += 1,
                        Err(_) => {
                            assert_eq!(retry_after(outcome), told_to_wait(&office));
                            refused += 1;
                        }
                    }
                }
                (left, refused)
            })
        });
        let (mut left, mut refused) = (0, 0);
        for client in clients.collect::<Vec<_>>() {
            let (some, others) = client.await.unwrap();
            left += some;
            refused += others;
        }
        assert_eq!((left, refused), (100, 60));
        let in_force = office.mailroom.policy_in_force(&agent).await.unwrap();
        assert_eq!(in_force["used"]["sent_today"], 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_begins_at_midnight_utc_and_a_limit_set_at_noon_counts_the_morning() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        for number in 0..3 {
            send(&office, &agent, number).await.unwrap();
        }
        govern(&office, json!({"limit_count_daily_email_sent": 4})).await;
        send(&office, &agent, 3).await.unwrap();
        let wait = retry_after(send(&office, &agent, 4).await);
        assert_eq!(wait, told_to_wait(&office));
        let midnight = until_midnight(&office);
        office.clock.forward(i64::try_from(midnight).unwrap() - 1);
        assert_eq!(retry_after(send(&office, &agent, 5).await), 1);
        office.clock.forward(1);
        for number in 0..4 {
            send(&office, &agent, number).await.unwrap();
        }
        retry_after(send(&office, &agent, 6).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_draft_is_still_there() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_count_daily_email_sent": 0})).await;
        let change = DraftChange {
            to: Some(letter(0).to),
            subject: Some("Kept".to_owned()),
            ..DraftChange::default()
        };
        let draft = crate::drafts::create(&office, &agent, change).await;
        let sent = office.mailroom.send_draft(
            &agent,
            draft["id"].as_str().unwrap(),
            SendWishes::default(),
            None,
        );
        retry_after(sent.await.map(drop));
        assert!(crate::drafts::get(&office, &agent, &draft).await.is_ok());
        assert!(
            office
                .list(&agent, MessageQuery::default())
                .await
                .is_empty()
        );
    }
}

async fn admitted(office: &Office, bytes: Option<u64>) -> Result<(), RecipientRefusal> {
    let address = EmailAddress::parse_strict("agent@agents.localhost").unwrap();
    let recipient = office.mailroom.resolve_recipient(&address).await.unwrap();
    office.mailroom.admit(None, bytes, &recipient).await
}

/// A hundred deliveries at once, and one place: what counts is what is in the mailbox.
#[tokio::test(flavor = "multi_thread")]
async fn store_06_parallel_deliveries_never_overshoot_a_quota() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_count_daily_message_received": 10})).await;
        let to = ["agent@agents.localhost"];
        for number in 0..9 {
            let letter = message(&[&format!("Subject: {number}")], "x");
            office.deliver_confirmed(&to, &letter).await;
        }
        assert_eq!(admitted(&office, None).await, Ok(()));
        let office = Arc::new(office);
        let deliveries = (0..100).map(|number| {
            let office = Arc::clone(&office);
            tokio::spawn(async move {
                let letter = message(&[&format!("Subject: at once {number}")], "x");
                office.deliver(&to, &letter).await.map(drop)
            })
        });
        let mut taken = 0;
        for delivery in deliveries.collect::<Vec<_>>() {
            match delivery.await.unwrap() {
                Ok(()) => taken += 1,
                Err(refusal) => assert_eq!(refusal, ReceiveRefusal::OverDailyLimit),
            }
        }
        assert_eq!(taken, 1);
        assert_eq!(office.list(&agent, MessageQuery::default()).await.len(), 10);
        let refused = admitted(&office, None).await;
        assert_eq!(refused, Err(RecipientRefusal::OverDailyLimit));
        office.clock.forward(DAY);
        assert_eq!(admitted(&office, None).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_takes_nothing_in_until_there_is_room() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_storage_total": 4_000})).await;
        let to = ["agent@agents.localhost"];
        let large = message(&["Subject: large"], &"x".repeat(2_500));
        let first = office.deliver_confirmed(&to, &large).await;
        let again = message(&["Subject: again"], &"y".repeat(2_500));
        let refused = office.deliver(&to, &again);
        assert_eq!(refused.await.map(drop), Err(ReceiveRefusal::MailboxFull));
        assert_eq!(
            admitted(&office, Some(2_500)).await,
            Err(RecipientRefusal::MailboxFull)
        );
        assert_eq!(admitted(&office, Some(10)).await, Ok(()));
        let mut outgoing = letter(0);
        outgoing.body = "z".repeat(2_500);
        let sent = office.mailroom.send_message(&agent, outgoing, None).await;
        assert!(
            matches!(sent, Err(Refusal::PlanCap { message }) if message.contains("for this plan"))
        );
        office
            .mailroom
            .delete_message(&agent, &first.id)
            .await
            .unwrap();
        office.clock.forward(31 * DAY);
        while office.mailroom.expire_records().await.unwrap() {}
        office.deliver_confirmed(&to, &large).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_takes_room_as_mail_does() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_storage_total": 4_000})).await;
        let of_size = |bytes: usize| DraftChange {
            body: Some("x".repeat(bytes)),
            ..DraftChange::default()
        };
        let first = crate::drafts::create(&office, &agent, of_size(2_500)).await;
        let id = first["id"].as_str().unwrap();
        let is_full = |outcome: Result<Vec<u8>, Refusal>| {
            assert!(
                matches!(&outcome, Err(Refusal::PlanCap { message }) if message.contains("for this plan")),
                "{outcome:?}"
            );
        };
        is_full(office.mailroom.create_draft(&agent, of_size(2_500)).await);
        is_full(
            office
                .mailroom
                .update_draft(&agent, id, of_size(5_000))
                .await,
        );
        let starred = DraftChange {
            starred: Some(true),
            ..DraftChange::default()
        };
        let renamed = office.mailroom.update_draft(&agent, id, starred).await;
        renamed.expect("what takes no room is always done");
        let smaller = office.mailroom.update_draft(&agent, id, of_size(500)).await;
        smaller.expect("what becomes smaller is always done");
        crate::drafts::create(&office, &agent, of_size(2_500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_size_is_refused_for_whom_it_is_too_large_alone() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_size_total_mime": 2_000})).await;
        assert_eq!(
            admitted(&office, Some(2_001)).await,
            Err(RecipientRefusal::TooLarge)
        );
        assert_eq!(admitted(&office, Some(2_000)).await, Ok(()));
        let large = message(&["Subject: large"], &"x".repeat(2_500));
        let refused = office.deliver(&["agent@agents.localhost"], &large).await;
        assert_eq!(refused.map(drop), Err(ReceiveRefusal::TooLargeForAccount));
        let workspace = posthouse_mailroom::workspaces::NewWorkspace {
            name: "Free".to_owned(),
            ..Default::default()
        };
        let made = office.mailroom.create_workspace(&office.actor, workspace);
        let workspace = made.await.unwrap().workspace_id;
        let free = office.account("free").await;
        let id = office
            .mailroom
            .public_id(posthouse_types::ids::Kind::Grant, free.grant);
        let assigned = office
            .mailroom
            .assign_accounts(&office.actor, &workspace, &[id], &[])
            .await;
        assigned.unwrap();
        let to = ["agent@agents.localhost", "free@agents.localhost"];
        office.deliver_confirmed(&to, &large).await;
        assert_eq!(office.list(&free, MessageQuery::default()).await.len(), 1);
        assert!(
            office
                .list(&agent, MessageQuery::default())
                .await
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_capped_for_all_accounts_of_an_application_together() {
    for office in every_engine().await {
        let mut plan = Plan::unlimited();
        plan.set(Cap::SentPerMonth, Some(20));
        plan.set(Cap::TrafficPerMonth, Some(60_000));
        office.mailroom.choose_plan(plan);
        let (one, two) = (office.account("agent").await, office.account("two").await);
        let office = Arc::new(office);
        let clients = (0..30).map(|number| {
            let office = Arc::clone(&office);
            let grant = if number % 2 == 0 {
                one.clone()
            } else {
                two.clone()
            };
            tokio::spawn(async move { send(&office, &grant, number).await.is_ok() })
        });
        let mut left = 0;
        for client in clients.collect::<Vec<_>>() {
            left += usize::from(client.await.unwrap());
        }
        assert_eq!(left, 20);
        let large = message(&["Subject: large"], &"x".repeat(59_000));
        let refused = office.deliver(&["agent@agents.localhost"], &large).await;
        assert_eq!(refused.map(drop), Err(ReceiveRefusal::OverDailyLimit));
        office.clock.forward(31 * DAY);
        send(&office, &one, 0).await.unwrap();
        office
            .deliver_confirmed(&["agent@agents.localhost"], &large)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_fits_can_be_sent_because_it_makes_room() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_storage_total": 5_500})).await;
        let change = DraftChange {
            to: Some(letter(1).to),
            body: Some("x".repeat(2_000)),
            ..DraftChange::default()
        };
        let draft = crate::drafts::create(&office, &agent, change).await;
        let id = draft["id"].as_str().unwrap();
        let sent = office
            .mailroom
            .send_draft(&agent, id, SendWishes::default(), None);
        sent.await.expect("the draft goes when its copy comes");
        let listed = office.list(&agent, MessageQuery::default()).await;
        assert_eq!(listed.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_time_takes_room_as_mail_does() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(&office, json!({"limit_storage_total": 4_000})).await;
        let schedule = async || {
            let long = Outgoing {
                body: "x".repeat(1_500),
                ..letter(1)
            };
            let at = office.clock_us() / 1_000_000 + DAY;
            office.mailroom.schedule_message(&agent, long, at).await
        };
        let first = schedule().await.unwrap();
        schedule().await.unwrap();
        let third = schedule().await;
        assert!(matches!(third, Err(Refusal::PlanCap { .. })), "{third:?}");
        let cancelled = office
            .mailroom
            .cancel_schedule(&agent, &first.schedule_id)
            .await;
        cancelled.unwrap();
        schedule().await.expect("what is cancelled makes room");
    }
}
