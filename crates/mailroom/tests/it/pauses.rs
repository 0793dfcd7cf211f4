//! Senders that are paused for what became of their mail, and the mail that waits for them.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::outbound::{AttemptReport, ClaimedMail, Outcome, Scope};
use posthouse_mailroom::pauses::PauseView;
use posthouse_mailroom::send::{QueueFilter, QueuedMail};
use posthouse_store::tables::reputation;
use posthouse_store::{StoreError, Tx};

use crate::support::{Office, every_engine};
use crate::suppressions::{letter, suppressed};

const GONE: &str = "550 5.1.1 no such user";

/// Lets an application have served recipients without trouble.
async fn serve(office: &Office, recipients: i64) {
    let application = office.actor.application;
    office
        .store
        .write(move |tx: &mut dyn Tx| reputation::serve(tx, application, recipients))
        .await
        .unwrap();
}

async fn send(office: &Office, grant: &GrantRef, to: &str) -> Result<(), Refusal> {
    let sent = office.mailroom.send_message(grant, letter(&[to]), None);
    sent.await.map(drop)
}

async fn claim(office: &Office) -> Vec<ClaimedMail> {
    let due = office
        .mailroom
        .claim_outbound(Scope::EachDomain, &|_| 100)
        .await;
    due.unwrap().claimed
}

/// Ends everything that is due.
async fn end_all(office: &Office, outcome: &Outcome) -> usize {
    let claimed = claim(office).await;
    let recipients = claimed.iter().map(|mail| mail.recipients.len()).sum();
    let reports: Vec<AttemptReport> = claimed
        .into_iter()
        .map(|mail| AttemptReport {
            outcomes: vec![outcome.clone(); mail.recipients.len()],
            mail,
        })
        .collect();
    office.mailroom.record_outcome(&reports).await.unwrap();
    recipients
}

fn failed() -> Outcome {
    Outcome::Failed {
        reply: GONE.to_owned(),
    }
}

/// Sends to addresses that are not there, and lets the mail come back.
async fn bounce(office: &Office, grant: &GrantRef, label: &str, times: usize) {
    for number in 0..times {
        let to = format!("{label}{number}@nowhere.example");
        send(office, grant, &to).await.unwrap();
    }
    assert_eq!(end_all(office, &failed()).await, times);
}

async fn pauses(office: &Office) -> Vec<PauseView> {
    let page = office.mailroom.list_pauses(&office.actor, 50, None).await;
    page.unwrap().rows
}

async fn queue(office: &Office) -> Vec<QueuedMail> {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 50, None)
        .await;
    page.unwrap().rows
}

async fn on_domain(office: &Office, domain: &str, local: &str) -> GrantRef {
    let new = posthouse_mailroom::domains::NewDomain {
        name: domain.to_owned(),
        domain_address: domain.to_owned(),
        ..posthouse_mailroom::domains::NewDomain::default()
    };
    // Registered by the first account on it.
    let _ = office.mailroom.register_domain(&office.actor, new).await;
    let new = posthouse_mailroom::provision::NewAccount {
        provider: "nylas".to_owned(),
        email: format!("{local}@{domain}"),
        ..posthouse_mailroom::provision::NewAccount::default()
    };
    let account = office
        .mailroom
        .create_account(&office.actor, new)
        .await
        .unwrap();
    office
        .mailroom
        .grant_for(&office.actor, &account.id)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_bounce_suppresses_the_address_and_a_soft_one_does_not() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        bounce(&office, &agent, "Gone", 1).await;
        let found = suppressed(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].address.as_str(), found[0].reason),
            ("gone0@nowhere.example", "hard_bounce")
        );
        assert!(found[0].source_message_id.is_some());
        for reply in ["552 5.2.2 mailbox full", "554 5.7.1 not from you"] {
            send(&office, &agent, "full@shop.example").await.unwrap();
            let outcome = Outcome::Failed {
                reply: reply.to_owned(),
            };
            end_all(&office, &outcome).await;
        }
        assert_eq!(suppressed(&office).await.len(), 1);
        let again = send(&office, &agent, "gone0@nowhere.example").await;
        assert!(matches!(again, Err(Refusal::RecipientSuppressed { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_domains_bounces_pause_that_domain_alone_and_its_mail_is_kept_and_goes_after_the_lift()
{
    for office in every_engine().await {
        let bad = on_domain(&office, "bad.agents.localhost", "one").await;
        let worse = on_domain(&office, "bad.agents.localhost", "two").await;
        let good = on_domain(&office, "good.agents.localhost", "three").await;
        serve(&office, 170).await;
        bounce(&office, &bad, "a", 10).await;
        bounce(&office, &worse, "b", 10).await;
        assert_eq!(pauses(&office).await, []);
        // Queued before the pause.
        send(&office, &worse, "kept@shop.example").await.unwrap();
        send(&office, &good, "free@shop.example").await.unwrap();
        let claimed = claim(&office).await;
        assert_eq!(claimed.len(), 2);
        let back = office.clock_us();
        office
            .mailroom
            .release_outbound(claimed, back)
            .await
            .unwrap();
        serve(&office, 5).await;
        // 21 of 200 or so.
        send(&office, &bad, "last@nowhere.example").await.unwrap();
        let claimed = claim(&office).await;
        let (fatal, others): (Vec<_>, Vec<_>) = claimed
            .into_iter()
            .partition(|mail| mail.destination == "nowhere.example");
        office
            .mailroom
            .release_outbound(others, back)
            .await
            .unwrap();
        serve(&office, 4).await;
        let report = AttemptReport {
            mail: fatal.into_iter().next().unwrap(),
            outcomes: vec![failed()],
        };
        office.mailroom.record_outcome(&[report]).await.unwrap();

        let found = pauses(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].scope, found[0].domain.as_deref()),
            ("domain", Some("bad.agents.localhost"))
        );
        assert_eq!(found[0].reason, "bounce rate 10.5 %");
        for sender in [&bad, &worse] {
            let refused = send(&office, sender, "x@shop.example").await.unwrap_err();
            assert!(
                refused.to_string().starts_with(
                    "sending is paused for the domain bad.agents.localhost: bounce rate"
                ),
                "{refused}"
            );
        }
        let claimed = claim(&office).await;
        let addresses: Vec<&str> = claimed
            .iter()
            .flat_map(|mail| mail.recipients.iter().map(|one| one.address.as_str()))
            .collect();
        assert_eq!(addresses, ["free@shop.example"]);
        let kept = queue(&office).await;
        let kept: Vec<_> = kept
            .iter()
            .filter(|row| row.recipient == "kept@shop.example")
            .map(|row| (row.state, row.last_reply.as_deref()))
            .collect();
        assert_eq!(kept, [("held", Some("sending is paused"))]);
        send(&office, &good, "also@shop.example").await.unwrap();

        office
            .mailroom
            .lift_pause(&office.actor, &found[0].id)
            .await
            .unwrap();
        let again = office
            .mailroom
            .lift_pause(&office.actor, &found[0].id)
            .await;
        assert!(matches!(again, Err(Refusal::NotFound)));
        assert_eq!(pauses(&office).await, []);
        let claimed = claim(&office).await;
        let mut addresses: Vec<&str> = claimed
            .iter()
            .flat_map(|mail| mail.recipients.iter().map(|one| one.address.as_str()))
            .collect();
        addresses.sort_unstable();
        assert_eq!(addresses, ["also@shop.example", "kept@shop.example"]);
        send(&office, &bad, "x@shop.example").await.unwrap();
        // A new start: one more bounce is no reason.
        bounce_one(&office, &bad).await;
        assert_eq!(pauses(&office).await, []);
    }
}

async fn bounce_one(office: &Office, grant: &GrantRef) {
    send(office, grant, "again@nowhere.example").await.unwrap();
    end_all(office, &failed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_narrowest_that_explains_it_is_paused() {
    for office in every_engine().await {
        let one = office.account("one").await;
        let two = on_domain(&office, "bad.agents.localhost", "two").await;
        // One account: the narrowest.
        serve(&office, 980).await;
        bounce(&office, &two, "a", 20).await;
        assert_eq!(pauses(&office).await, []);
        bounce(&office, &one, "b", 79).await;
        assert_eq!(pauses(&office).await, []);
        bounce(&office, &one, "c", 1).await;
        // 80 of 100 are not more than 80 %, and no domain has more: everybody.
        let found = pauses(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].scope, "application");
        assert_eq!((found[0].events, found[0].recipients), (100, 1_000));
        let refused = send(&office, &two, "x@shop.example").await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "sending is paused for this application: bounce rate 10.0 %"
        );
        office
            .mailroom
            .lift_pause(&office.actor, &found[0].id)
            .await
            .unwrap();
        bounce(&office, &one, "d", 100).await;
        let found = pauses(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].scope, "account");
        send(&office, &two, "x@shop.example").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn troubles_that_left_the_window_do_not_count() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        serve(&office, 1_000).await;
        bounce(&office, &agent, "a", 99).await;
        serve(&office, 901).await;
        // The first bounces are just beyond the window now.
        bounce(&office, &agent, "b", 1).await;
        assert_eq!(pauses(&office).await, []);
        bounce(&office, &agent, "c", 1).await;
        assert_eq!(pauses(&office).await, []);
        let application = office.actor.application;
        let counted: Result<(i64, i64), StoreError> = office
            .store
            .read(move |tx: &mut dyn Tx| {
                tx.query_one(
                    "SELECT r.bounces, (SELECT COUNT(*) FROM reputation_events e
                       WHERE e.application_id = r.application_id)
                     FROM reputation r WHERE r.application_id = $1",
                    &[application.into()],
                    |row| Ok((row.int(0)?, row.int(1)?)),
                )
            })
            .await;
        let (bounces, events) = counted.unwrap();
        assert_eq!(bounces, events);
        assert!(bounces < 100, "{bounces}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounces_that_come_at_once_are_counted_exactly_and_pause_once() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        serve(&office, 980).await;
        for number in 0..120 {
            let to = format!("x{number}@nowhere{}.example", number % 12);
            send(&office, &agent, &to).await.unwrap();
        }
        let mut tasks = tokio::task::JoinSet::new();
        for mail in claim(&office).await {
            let mailroom = office.mailroom.clone();
            tasks.spawn(async move {
                let report = AttemptReport {
                    outcomes: vec![failed(); mail.recipients.len()],
                    mail,
                };
                mailroom.record_outcome(&[report]).await.unwrap();
            });
        }
        tasks.join_all().await;
        let found = pauses(&office).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].scope, found[0].events), ("account", 100));
        assert_eq!(suppressed(&office).await.len(), 50);
        assert_eq!(queue(&office).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_operator_wants_no_pauses_there_are_none() {
    for office in every_engine().await {
        office.mailroom.never_pause_senders();
        let agent = office.account("agent").await;
        serve(&office, 200).await;
        bounce(&office, &agent, "a", 60).await;
        assert_eq!(pauses(&office).await, []);
        send(&office, &agent, "x@shop.example").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_holds_while_a_pause_keeps_it_stays_held_when_the_pause_ends() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        serve(&office, 180).await;
        for to in ["stays@shop.example", "goes@shop.example"] {
            send(&office, &agent, to).await.unwrap();
        }
        let waiting = claim(&office).await;
        let now_us = office.mailroom.clock().unix_us();
        bounce(&office, &agent, "a", 20).await;
        let pause = pauses(&office).await.pop().expect("a pause");
        office
            .mailroom
            .release_outbound(waiting, now_us)
            .await
            .unwrap();
        assert!(claim(&office).await.is_empty(), "kept by the pause");
        let rows = queue(&office).await;
        let id_of = |address: &str| {
            let row = rows.iter().find(|row| row.recipient == address);
            row.expect("a row").id.clone()
        };
        let (stays, goes) = (id_of("stays@shop.example"), id_of("goes@shop.example"));
        let mailroom = &office.mailroom;
        mailroom.hold_queued(&office.actor, &stays).await.unwrap();
        // What an operator retries during a pause is kept by it once more.
        mailroom.retry_queued(&office.actor, &goes).await.unwrap();
        assert!(claim(&office).await.is_empty(), "kept by the pause again");
        mailroom.lift_pause(&office.actor, &pause.id).await.unwrap();
        let claimed = claim(&office).await;
        let going: Vec<&str> = claimed
            .iter()
            .flat_map(|mail| &mail.recipients)
            .map(|one| one.address.as_str())
            .collect();
        assert_eq!(going, ["goes@shop.example"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_the_sender_says_nothing_of_its_recipients() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        for outcome in [
            Outcome::SenderRefused {
                reply: "553 sorry, your envelope sender is in my badmailfrom list".to_owned(),
            },
            Outcome::Failed {
                reply: "450 4.1.1 unverified address".to_owned(),
            },
        ] {
            send(&office, &agent, "bo@shop.example").await.unwrap();
            assert_eq!(end_all(&office, &outcome).await, 1);
        }
        assert_eq!(suppressed(&office).await.len(), 0);
        assert!(queue(&office).await.is_empty());
    }
}
