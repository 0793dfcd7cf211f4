//! Sending at a rate that the operator set.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::send::{Departed, Outgoing, SendWishes};
use posthouse_store::changes::ChangeKind;

use crate::support::{Office, every_engine};
use crate::suppressions::{letter, queued};

async fn send(office: &Office, grant: &GrantRef, number: usize) -> Result<Departed, Refusal> {
    let to = format!("a{number}@shop.example");
    let outgoing = letter(&[&to]);
    office.mailroom.send_or_queue(grant, outgoing, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_beyond_the_rate_waits_in_order_and_what_would_wait_too_long_is_refused() {
    for office in every_engine().await {
        office.mailroom.send_at_most(2);
        let agent = office.account("agent").await;
        let other = office.account("other").await;
        let (mut now, mut later) = (0, Vec::new());
        let refused = loop {
            let number = now + later.len();
            // The pool is the application's, whoever sends.
            let grant = if number % 2 == 0 { &agent } else { &other };
            match send(&office, grant, number).await {
                Ok(Departed::Now(_)) => now += 1,
                Ok(Departed::Later(message)) => later.push(message.send_at),
                Err(refused) => break refused,
            }
            assert!(number < 400);
        };
        assert_eq!(now, 2);
        assert_eq!(later.len(), 180);
        assert!(later.is_sorted());
        assert!(later.iter().all(|at| *at <= 1_790_000_000 + 91));
        let Refusal::RateLimited {
            retry_after_seconds,
            ..
        } = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!(retry_after_seconds, 1);

        office.clock.forward(10);
        while office
            .mailroom
            .release_schedules()
            .await
            .unwrap()
            .is_some_and(|next| next <= office.clock_us())
        {}
        let sent = crate::organising::noted(&office).await;
        let count = |kind: ChangeKind| sent.iter().filter(|one| **one == kind as i64).count();
        let released = count(ChangeKind::MessageSendSuccess);
        assert!((17..=20).contains(&released), "{released}");
        assert_eq!(count(ChangeKind::MessageCreated), released + 2);
        assert_eq!(queued(&office).await.len(), released + 2);
        assert!(send(&office, &agent, 999).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_wrong_takes_no_slot_and_drafts_do_not_wait() {
    for office in every_engine().await {
        office.mailroom.send_at_most(1);
        let agent = office.account("agent").await;
        for _ in 0..3 {
            let wrong = Outgoing {
                subject: "x".repeat(2_000),
                ..letter(&["a@shop.example"])
            };
            let refused = office.mailroom.send_or_queue(&agent, wrong, None).await;
            assert!(matches!(refused, Err(Refusal::Invalid { .. })));
        }
        assert!(matches!(
            send(&office, &agent, 1).await,
            Ok(Departed::Now(_))
        ));
        let draft = posthouse_mailroom::drafts::DraftChange {
            to: Some(crate::suppressions::people(&["b@shop.example"])),
            ..posthouse_mailroom::drafts::DraftChange::default()
        };
        let draft = office.mailroom.create_draft(&agent, draft).await.unwrap();
        let draft: serde_json::Value = serde_json::from_slice(&draft).unwrap();
        let id = draft["id"].as_str().unwrap();
        let refused = office
            .mailroom
            .send_draft(&agent, id, SendWishes::default(), None)
            .await;
        assert!(matches!(refused, Err(Refusal::RateLimited { .. })));
        office.clock.forward(2);
        let sent = office
            .mailroom
            .send_draft(&agent, id, SendWishes::default(), None)
            .await;
        assert!(sent.is_ok());
    }
}
