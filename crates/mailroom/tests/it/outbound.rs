//! Outgoing mail on its way: claimed by destination, settled with its event, steered by an operator.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::domains::NewDomain;
use posthouse_mailroom::outbound::{AttemptReport, ClaimedMail, Outcome, Scope};
use posthouse_mailroom::send::{DomainMail, Outgoing, QueueFilter, QueuedMail};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::support::{Office, every_engine};

fn addresses(emails: &[&str]) -> Vec<DisplayAddress> {
    let one = |email: &&str| DisplayAddress {
        name: String::new(),
        email: (*email).to_owned(),
    };
    emails.iter().map(one).collect()
}

async fn send(office: &Office, grant: &GrantRef, to: &[&str], subject: &str) -> Value {
    let outgoing = Outgoing {
        to: addresses(to),
        subject: subject.to_owned(),
        body: "<p>Hello</p>".to_owned(),
        ..Outgoing::default()
    };
    let sent = office.mailroom.send_message(grant, outgoing, None).await;
    serde_json::from_slice(&sent.unwrap().object).unwrap()
}

pub async fn claim(office: &Office) -> Vec<ClaimedMail> {
    let due = office
        .mailroom
        .claim_outbound(Scope::EachDomain, &|_| 50)
        .await;
    due.unwrap().claimed
}

pub async fn record(office: &Office, mail: &ClaimedMail, outcomes: &[Outcome]) {
    let report = AttemptReport {
        mail: mail.clone(),
        outcomes: outcomes.to_vec(),
    };
    office.mailroom.record_outcome(&[report]).await.unwrap();
}

pub async fn queue(office: &Office) -> Vec<QueuedMail> {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 50, None)
        .await;
    page.unwrap().rows
}

/// What events of a kind say, in the order of the rows.
async fn told(office: &Office, kind: ChangeKind) -> Vec<Value> {
    let all = office
        .store
        .read(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
            tx.query(
                "SELECT data FROM changes WHERE kind = $1 ORDER BY seq",
                &[Param::Int(kind as i64)],
                |row| row.string(0),
            )
        })
        .await;
    let read = |text: &String| serde_json::from_str(text).unwrap();
    all.unwrap().iter().map(read).collect()
}

fn deferred(reply: &str) -> Outcome {
    Outcome::Deferred {
        reply: reply.to_owned(),
    }
}

fn failed(reply: &str) -> Outcome {
    Outcome::Failed {
        reply: reply.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_of_one_domain_go_together_and_each_outcome_is_told_as_the_row_leaves() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let to = [
            "a@shop.example",
            "b@shop.example",
            "c@shop.example",
            "d@far.example",
        ];
        let sent = send(&office, &agent, &to, "Quote").await;
        let mut claimed = claim(&office).await;
        claimed.sort_by_key(|mail| mail.recipients.len());
        let [far, shop] = claimed.as_slice() else {
            panic!("{claimed:?}")
        };
        assert_eq!(
            (far.destination.as_str(), shop.recipients.len()),
            ("far.example", 3)
        );
        assert!(claim(&office).await.is_empty(), "the claims hold");
        let outcomes = [
            Outcome::Delivered,
            failed("550 5.1.1 no such user"),
            Outcome::Delivered,
        ];
        record(&office, shop, &outcomes).await;
        record(&office, far, &[deferred("451 4.7.1 greylisted")]).await;

        let rows = queue(&office).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (
                rows[0].state,
                rows[0].attempts,
                rows[0].last_reply.as_deref()
            ),
            ("deferred", 1, Some("451 4.7.1 greylisted"))
        );
        let message = json!({
            "id": sent["id"], "subject": "Quote", "from": "agent@agents.localhost", "to": to, "cc": [], "bcc": [],
            "sent_at": sent["date"], "metadata": {},
        });
        let at = office.mailroom.clock().unix_seconds();
        assert_eq!(
            told(&office, ChangeKind::MessageDelivered).await,
            [
                json!({"message": message, "delivered": {"delivered_at": at, "recipients": ["a@shop.example", "c@shop.example"]}})
            ]
        );
        let bounced =
            json!([{"email": "b@shop.example", "diagnostic_code": "550 5.1.1 no such user"}]);
        assert_eq!(
            told(&office, ChangeKind::MessageBounced).await,
            [
                json!({"message": message, "bounce": {"bounced_at": at, "type": "NoEmail", "recipients": bounced}})
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_failures_are_retried_for_the_whole_period_and_then_bounce() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "x").await;
        let begin = office.mailroom.clock().unix_seconds();
        let mut attempts = 0;
        while let Some(row) = queue(&office).await.pop() {
            let due = row.next_attempt_at.expect("it waits");
            let now = office.mailroom.clock().unix_seconds();
            office.clock.forward((due - now).max(0) + 1);
            let claimed = claim(&office).await;
            assert_eq!(claimed.len(), 1, "due after {attempts} attempts");
            record(&office, &claimed[0], &[deferred("450 4.2.0 not now")]).await;
            attempts += 1;
            assert!(attempts < 60);
        }
        let hours = (office.mailroom.clock().unix_seconds() - begin) / 3_600;
        assert_eq!(hours, 48);
        assert!(attempts > 15, "{attempts}");
        let bounced = told(&office, ChangeKind::MessageBounced).await;
        assert_eq!(bounced.len(), 1);
        assert_eq!(
            bounced[0]["bounce"]["recipients"][0]["diagnostic_code"],
            "450 4.2.0 not now"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_was_held_for_longer_than_the_retry_period_has_its_whole_time_before_it() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "x").await;
        let id = queue(&office).await.remove(0).id;
        for attempts in 1..3 {
            let mailroom = &office.mailroom;
            mailroom.hold_queued(&office.actor, &id).await.unwrap();
            office.clock.forward(72 * 3_600);
            mailroom.retry_queued(&office.actor, &id).await.unwrap();
            let claimed = claim(&office).await.remove(0);
            record(&office, &claimed, &[deferred("450 4.2.0 not now")]).await;
            let row = queue(&office).await.remove(0);
            assert_eq!((row.state, row.attempts), ("deferred", attempts));
        }
        office.clock.forward(49 * 3_600);
        let claimed = claim(&office).await.remove(0);
        record(&office, &claimed, &[deferred("450 4.2.0 not now")]).await;
        assert!(queue(&office).await.is_empty(), "its time is over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_nobody_answered_is_marked_in_the_queue_and_in_what_is_told_of_the_end() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let to = ["a@shop.example", "b@shop.example", "c@shop.example"];
        send(&office, &agent, &to, "x").await;
        let first = claim(&office).await.remove(0);
        let unanswered = Outcome::Uncertain {
            reply: "421 4.4.2 mx.shop.example hung up".to_owned(),
        };
        let outcomes = [
            unanswered.clone(),
            unanswered,
            deferred("450 4.2.0 not now"),
        ];
        record(&office, &first, &outcomes).await;
        let mut rows = queue(&office).await;
        rows.sort_by_key(|row| row.recipient.clone());
        let marked: Vec<bool> = rows.iter().map(|row| row.is_uncertain).collect();
        assert_eq!(marked, [true, true, false]);
        office.clock.forward(3_600);
        let again = claim(&office).await.remove(0);
        let outcomes = again
            .recipients
            .iter()
            .map(|one| match one.address.as_str() {
                "b@shop.example" => failed("550 5.1.1 no such user"),
                _ => Outcome::Delivered,
            });
        record(&office, &again, &outcomes.collect::<Vec<_>>()).await;
        let delivered = told(&office, ChangeKind::MessageDelivered).await.remove(0);
        assert_eq!(
            (
                &delivered["delivered"]["recipients"],
                &delivered["delivered"]["uncertain_recipients"]
            ),
            (
                &json!(["a@shop.example", "c@shop.example"]),
                &json!(["a@shop.example"])
            )
        );
        let bounced = told(&office, ChangeKind::MessageBounced).await.remove(0);
        assert_eq!(bounced["bounce"]["recipients"][0]["uncertain"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_ran_out_is_taken_over_and_what_its_holder_reports_late_changes_nothing() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "x").await;
        let mut lost = claim(&office).await.remove(0);
        office.clock.forward(50);
        assert!(office.mailroom.renew_outbound(&mut lost).await.unwrap());
        office.clock.forward(50);
        assert!(claim(&office).await.is_empty(), "it was renewed");
        office.clock.forward(11);
        let taken = claim(&office).await.remove(0);
        assert!(!office.mailroom.renew_outbound(&mut lost).await.unwrap());
        record(&office, &lost, &[failed("550 late")]).await;
        let row = queue(&office).await.remove(0);
        assert_eq!(row.state, "active");
        assert_eq!(
            row.last_reply.as_deref(),
            Some("the former attempt ended without an answer")
        );
        assert!(row.is_uncertain);
        record(&office, &taken, &[Outcome::Delivered]).await;
        assert!(queue(&office).await.is_empty());
        assert!(told(&office, ChangeKind::MessageBounced).await.is_empty());
        assert_eq!(told(&office, ChangeKind::MessageDelivered).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_without_room_is_left_alone_and_named_and_what_was_untried_is_due_again() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        for domain in ["one.example", "two.example"] {
            for _ in 0..3 {
                send(&office, &agent, &[&format!("a@{domain}")], "x").await;
            }
        }
        let room = |destination: &str| if destination == "one.example" { 0 } else { 2 };
        let due = office
            .mailroom
            .claim_outbound(Scope::EachDomain, &room)
            .await;
        let due = due.unwrap();
        assert_eq!(due.behind, ["one.example", "two.example"]);
        assert_eq!(due.claimed.len(), 2);
        record(&office, &due.claimed[0], &[Outcome::Untried]).await;
        let now_us = office.mailroom.clock().unix_us();
        let held = vec![due.claimed[1].clone()];
        office
            .mailroom
            .release_outbound(held, now_us)
            .await
            .unwrap();
        let rows = queue(&office).await;
        assert!(
            rows.iter()
                .all(|row| (row.state, row.attempts) == ("queued", 0))
        );
        let everything = office
            .mailroom
            .claim_outbound(Scope::Everything, &|_| 4)
            .await;
        let everything = everything.unwrap();
        assert_eq!(
            (everything.claimed.len(), everything.behind),
            (4, vec![String::new()])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_holds_retries_and_drops_what_is_at_rest() {
    for office in every_engine().await {
        let mailroom = &office.mailroom;
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "x").await;
        let id = queue(&office).await.remove(0).id;
        let held = mailroom.hold_queued(&office.actor, &id).await.unwrap();
        assert_eq!((held.state, held.next_attempt_at), ("held", None));
        assert!(claim(&office).await.is_empty());
        let again = mailroom.retry_queued(&office.actor, &id).await.unwrap();
        assert_eq!(again.state, "queued");
        let claimed = claim(&office).await;
        for refused in [
            mailroom.hold_queued(&office.actor, &id).await.map(drop),
            mailroom.retry_queued(&office.actor, &id).await.map(drop),
            mailroom.drop_queued(&office.actor, &id).await,
        ] {
            assert!(
                matches!(refused, Err(Refusal::Conflict { .. })),
                "{refused:?}"
            );
        }
        record(&office, &claimed[0], &[deferred("421 4.3.2 closing")]).await;
        mailroom.drop_queued(&office.actor, &id).await.unwrap();
        assert!(queue(&office).await.is_empty());
        let bounced = told(&office, ChangeKind::MessageBounced).await;
        assert_eq!(bounced[0]["bounce"]["type"], "General");
        let gone = mailroom.retry_queued(&office.actor, &id).await;
        assert!(matches!(gone, Err(Refusal::NotFound)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_mail_is_dropped_but_never_retried() {
    for office in every_engine().await {
        office.mailroom.capture_outgoing();
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "x").await;
        assert!(claim(&office).await.is_empty());
        let id = queue(&office).await.remove(0).id;
        let refused = office.mailroom.retry_queued(&office.actor, &id).await;
        assert!(matches!(refused, Err(Refusal::Conflict { .. })));
        office
            .mailroom
            .drop_queued(&office.actor, &id)
            .await
            .unwrap();
        assert!(queue(&office).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_is_the_same_at_every_attempt_and_says_who_took_it_over() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "Quote").await;
        let claimed = claim(&office).await.remove(0);
        let first = office.mailroom.wire_mail(&claimed).await.unwrap();
        office.clock.forward(3_600);
        let second = office.mailroom.wire_mail(&claimed).await.unwrap();
        assert_eq!(first.content, second.content);
        let text = String::from_utf8(first.content.to_vec()).unwrap();
        let hostname = &office.mailroom.config().hostname;
        let trace = format!("Received: by {hostname} with HTTP\r\n\tid ");
        assert!(text.starts_with(&trace), "{text}");
        assert!(text.contains("\r\nSubject: Quote\r\n"));
        assert_eq!(first.envelope_from, "agent@agents.localhost");
        assert!(!first.is_8bit && !first.needs_utf8);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_here_that_takes_its_mail_counts_as_delivered_and_one_that_cannot_as_bounced() {
    for office in every_engine().await {
        let (agent, _other) = (office.account("agent").await, office.account("other").await);
        let to = ["other@agents.localhost", "nobody@agents.localhost"];
        send(&office, &agent, &to, "x").await;
        while office.mailroom.deliver_local_mail().await.unwrap() {}
        assert!(queue(&office).await.is_empty());
        let delivered = told(&office, ChangeKind::MessageDelivered).await;
        assert_eq!(delivered.len(), 1);
        assert_eq!(
            delivered[0]["delivered"]["recipients"],
            json!(["other@agents.localhost"])
        );
        let bounced = told(&office, ChangeKind::MessageBounced).await;
        assert_eq!(bounced.len(), 1);
        assert_eq!(
            bounced[0]["bounce"]["recipients"],
            json!([{"email": "nobody@agents.localhost", "diagnostic_code": "550 5.1.1 no such mailbox"}])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_a_domain_is_told_of_under_its_own_names_and_without_an_account() {
    for office in every_engine().await {
        let new = NewDomain {
            name: "Own".to_owned(),
            domain_address: "own.agents.localhost".to_owned(),
            ..NewDomain::default()
        };
        let mailroom = &office.mailroom;
        mailroom.register_domain(&office.actor, new).await.unwrap();
        let domain = mailroom.domain_for(&office.actor, "own.agents.localhost");
        let domain = domain.await.unwrap();
        let outgoing = Outgoing {
            from: addresses(&["shop@own.agents.localhost"]).pop(),
            to: addresses(&["a@shop.example", "b@shop.example"]),
            subject: "Receipt".to_owned(),
            body: "<p>Thanks</p>".to_owned(),
            ..Outgoing::default()
        };
        let mail = DomainMail::Parts(Box::new(outgoing));
        let sent = office.mailroom.send_for_domain(&domain, mail, None).await;
        let sent = sent.unwrap();
        let claimed = claim(&office).await.remove(0);
        let outcomes = [Outcome::Delivered, failed("552 5.2.2 over quota")];
        record(&office, &claimed, &outcomes).await;
        let delivered = told(&office, ChangeKind::TransactionalDelivered).await;
        assert_eq!(delivered[0]["message"]["id"], sent.id.as_str());
        assert_eq!(delivered[0]["message"]["from"], "shop@own.agents.localhost");
        let bounced = told(&office, ChangeKind::TransactionalBounced).await;
        assert_eq!(bounced[0]["bounce"]["type"], "MailboxFull");
        assert!(told(&office, ChangeKind::MessageDelivered).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_goes_out_and_is_told_of_though_its_account_is_deleted() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, &["a@shop.example"], "Goodbye").await;
        office
            .mailroom
            .delete_account(&office.actor, "agent@agents.localhost")
            .await
            .unwrap();
        while office.mailroom.sweep_deleted(10).await.unwrap() {}
        let claimed = claim(&office).await;
        let [mail] = claimed.as_slice() else {
            panic!("{claimed:?}")
        };
        let wire = office.mailroom.wire_mail(mail).await.unwrap();
        let text = String::from_utf8(wire.content.to_vec()).unwrap();
        assert!(text.contains("\r\nSubject: Goodbye\r\n"), "{text}");
        record(&office, mail, &[Outcome::Delivered]).await;
        let events = told(&office, ChangeKind::MessageDelivered).await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["message"]["subject"], "Goodbye");
        assert!(queue(&office).await.is_empty());
    }
}
