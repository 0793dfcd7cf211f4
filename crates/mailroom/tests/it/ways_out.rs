//! How mail leaves: what a domain that begins to send may send a day, from which addresses, with what TLS, in what form.

use std::collections::HashSet;

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::domains::DomainChanges;
use posthouse_mailroom::outbound::{AttemptReport, ClaimedMail, Outcome, Scope, TlsNeed};
use posthouse_mailroom::send::{OutgoingSource, QueueFilter, QueuedMail};

use crate::support::{Office, every_engine};
use crate::suppressions::letter;

const DAY: i64 = 86_400;

async fn change(office: &Office, changes: DomainChanges) {
    let changed = office
        .mailroom
        .update_domain("agents.localhost", changes)
        .await;
    changed.unwrap();
}

fn warm_up(per_day: &[i64]) -> DomainChanges {
    DomainChanges {
        warm_up: Some(Some(per_day.to_vec())),
        ..DomainChanges::default()
    }
}

async fn send(office: &Office, grant: &GrantRef, to: &str) {
    let sent = office.mailroom.send_message(grant, letter(&[to]), None);
    sent.await.unwrap();
}

async fn claim(office: &Office) -> Vec<ClaimedMail> {
    let due = office
        .mailroom
        .claim_outbound(Scope::EachDomain, &|_| 7)
        .await;
    due.unwrap().claimed
}

async fn record(office: &Office, mail: &ClaimedMail, outcome: Outcome) {
    let report = AttemptReport {
        mail: mail.clone(),
        outcomes: vec![outcome; mail.recipients.len()],
    };
    office.mailroom.record_outcome(&[report]).await.unwrap();
}

async fn queue(office: &Office) -> Vec<QueuedMail> {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 200, None)
        .await;
    page.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_up_lets_exactly_its_number_go_however_many_claim_at_once() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        change(&office, warm_up(&[25])).await;
        for number in 0..60 {
            send(&office, &agent, &format!("r@d{}.example", number % 12)).await;
        }
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let mailroom = office.mailroom.clone();
            claims.spawn(async move {
                let mut got = Vec::new();
                for _ in 0..4 {
                    let due = mailroom.claim_outbound(Scope::EachDomain, &|_| 7).await;
                    got.extend(due.unwrap().claimed);
                }
                got
            });
        }
        let claimed: Vec<ClaimedMail> = claims.join_all().await.into_iter().flatten().collect();
        let recipients: usize = claimed.iter().map(|mail| mail.recipients.len()).sum();
        assert_eq!(recipients, 25);
        let rows = queue(&office).await;
        let waits = |row: &&QueuedMail| {
            let said = row.last_reply.as_deref().unwrap_or_default();
            row.state == "queued" && said.contains("warms up")
        };
        assert_eq!(rows.iter().filter(waits).count(), 35);
        let midnight = (office.clock_us() / 1_000_000 / DAY + 1) * DAY;
        for row in rows.iter().filter(waits) {
            let due = row.next_attempt_at.unwrap();
            assert!((midnight..=midnight + 3_600).contains(&due), "{due}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_let_go_is_tried_again_at_no_cost_and_waiting_takes_no_time_of_the_retries() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        change(&office, warm_up(&[1, 1, 1, 1])).await;
        for number in 0..4 {
            send(&office, &agent, &format!("r{number}@shop.example")).await;
        }
        let mut seen = HashSet::new();
        for day in 0..4 {
            let claimed = claim(&office).await;
            assert_eq!(claimed.len(), 1, "day {day}");
            let address = claimed[0].recipients[0].address.clone();
            assert!(seen.insert(address));
            // Refused for now: what waited for three days is not given up for it.
            let reply = "451 4.7.1 greylisted".to_owned();
            record(&office, &claimed[0], Outcome::Deferred { reply }).await;
            assert_eq!(queue(&office).await.len(), 4 - day);
            office.clock.forward(400);
            let again = claim(&office).await;
            assert_eq!(again.len(), 1, "day {day}");
            record(&office, &again[0], Outcome::Delivered).await;
            office.clock.forward(DAY + 3_600);
        }
        assert!(queue(&office).await.is_empty());
        // The schedule is over: as much as there is.
        for number in 0..5 {
            send(&office, &agent, &format!("r{number}@shop.example")).await;
        }
        assert_eq!(claim(&office).await.len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claimed_mail_says_where_it_leaves_from_and_what_tls_it_needs() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let changes = DomainChanges {
            source_addresses: Some(vec!["2001:db8::2".to_owned(), "192.0.2.2".to_owned()]),
            ..DomainChanges::default()
        };
        change(&office, changes).await;
        let mut required = letter(&["required@a.example"]);
        required.require_tls = true;
        let mut waived = letter(&["waived@b.example"]);
        waived
            .custom_headers
            .push(("TLS-Required".to_owned(), "No".to_owned()));
        for letter in [required, waived, letter(&["usual@c.example"])] {
            let sent = office.mailroom.send_message(&agent, letter, None).await;
            sent.unwrap();
        }
        let mut claimed = claim(&office).await;
        claimed.sort_by_key(|mail| mail.destination.clone());
        let needs: Vec<TlsNeed> = claimed.iter().map(|mail| mail.tls_need).collect();
        assert_eq!(
            needs,
            [TlsNeed::Required, TlsNeed::Waived, TlsNeed::AsAsked]
        );
        let sources: Vec<String> = claimed[0].sources.iter().map(ToString::to_string).collect();
        assert_eq!(sources, ["192.0.2.2", "2001:db8::2"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_retry_is_told_to_every_process_for_a_while() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, "r@Shop.example").await;
        let claimed = claim(&office).await.remove(0);
        let reply = "451 4.4.1 cannot connect".to_owned();
        record(&office, &claimed, Outcome::Deferred { reply }).await;
        assert!(
            office
                .mailroom
                .asked_destinations()
                .await
                .unwrap()
                .is_empty()
        );
        let id = queue(&office).await.remove(0).id;
        let asked_at = office.clock_us();
        office
            .mailroom
            .retry_queued(&office.actor, &id)
            .await
            .unwrap();
        let asked = office.mailroom.asked_destinations().await.unwrap();
        assert_eq!(asked, [("shop.example".to_owned(), asked_at)]);
        office.clock.forward(61);
        assert!(
            office
                .mailroom
                .asked_destinations()
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_is_ascii_where_that_says_the_same_and_the_copy_stays_as_it_was() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let raw = "From: agent@agents.localhost\r\nTo: r@shop.example\r\nSubject: Grüße\r\nMIME-Version: 1.0\r\n\
                   Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nschön\r\n";
        let source = OutgoingSource {
            raw: raw.into(),
            ..OutgoingSource::default()
        };
        let sent = office.mailroom.send_source(&agent, source, None).await;
        let claimed = claim(&office).await.remove(0);
        let wire = office.mailroom.wire_mail(&claimed).await.unwrap();
        assert!(wire.content.is_ascii() && !wire.is_8bit && !wire.needs_utf8);
        let parsed = posthouse_mime::parse(&wire.content);
        assert_eq!(parsed.subject, "Grüße");
        assert_eq!(parsed.text.as_deref(), Some("schön\r\n"));
        let shown: serde_json::Value = serde_json::from_slice(&sent.unwrap().object).unwrap();
        assert_eq!(shown["subject"], "Grüße");
    }
}
