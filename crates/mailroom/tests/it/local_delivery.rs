//! Mail between mailboxes of this server: each gets one copy, and senders take turns.

use posthouse_mailroom::read::{Detail, MessageQuery};
use posthouse_mailroom::send::{Outgoing, OutgoingFile};
use posthouse_store::tables::outbound;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use crate::sending::{deliver_inside, inbox, letter, queue, send, to};
use crate::support::{Office, every_engine, message};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_reached_by_several_addresses_gets_one_copy() {
    for office in every_engine().await {
        let (agent, other) = (office.account("agent").await, office.account("other").await);
        let outgoing = Outgoing {
            cc: to("other+tag@agents.localhost"),
            ..letter("other@agents.localhost", "x")
        };
        send(&office, &agent, outgoing.clone()).await;
        send(&office, &agent, outgoing).await;
        deliver_inside(&office).await;
        assert_eq!(inbox(&office, &other).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_ran_out_delivers_nothing_and_the_next_one_delivers_once() {
    for office in every_engine().await {
        let (agent, other) = (office.account("agent").await, office.account("other").await);
        send(&office, &agent, letter("other@agents.localhost", "x")).await;
        let claim = |office: &Office| {
            let now_us = office.mailroom.clock().unix_us();
            let store = office.store.clone();
            async move {
                let claims: Result<_, StoreError> = store
                    .write(move |tx: &mut dyn Tx| {
                        outbound::claim_local(tx, Key(0), now_us, now_us + 30_000_000, 8)
                    })
                    .await;
                claims.unwrap().rows
            }
        };
        // Somebody claims the row and dies.
        let lost = claim(&office).await;
        assert_eq!(lost.len(), 1);
        deliver_inside(&office).await;
        assert!(inbox(&office, &other).await.is_empty(), "the claim holds");
        office.clock.forward(31);
        let (one, two) = tokio::join!(
            office.mailroom.deliver_local_mail(),
            office.mailroom.deliver_local_mail()
        );
        one.unwrap();
        two.unwrap();
        assert_eq!(inbox(&office, &other).await.len(), 1);
        assert!(queue(&office).await.is_empty());
        let late = lost[0].clone();
        let finished: Result<bool, StoreError> = office
            .store
            .write(move |tx: &mut dyn Tx| outbound::finish(tx, late.id, late.token))
            .await;
        assert!(!finished.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_does_not_wait_for_the_many_of_another_account() {
    for office in every_engine().await {
        let (busy, agent) = (office.account("busy").await, office.account("agent").await);
        let other = office.account("other").await;
        for number in 0..150 {
            let subject = format!("busy {number:03}");
            send(&office, &busy, letter("other@agents.localhost", &subject)).await;
        }
        send(&office, &agent, letter("other@agents.localhost", "urgent")).await;
        let more = office.mailroom.deliver_local_mail().await.unwrap();
        assert!(more, "one step is not enough for all");
        let query = MessageQuery {
            subject: Some("urgent".to_owned()),
            ..MessageQuery::default()
        };
        assert_eq!(office.list(&other, query).await.len(), 1);
        deliver_inside(&office).await;
        assert!(queue(&office).await.is_empty());

        // Each came once, and those of one account in the order in which they were sent.
        let mut keys = Vec::new();
        for number in 0..150 {
            let query = MessageQuery {
                subject: Some(format!("busy {number:03}")),
                ..MessageQuery::default()
            };
            let exact = format!("busy {number:03}");
            let found = office.list(&other, query).await;
            let ids: Vec<&str> = found
                .iter()
                .filter(|one| one["subject"] == exact)
                .map(|one| one["id"].as_str().unwrap())
                .collect();
            assert_eq!(ids.len(), 1, "{exact}");
            keys.push(office.mailroom.open_id(Kind::Message, ids[0]).unwrap());
        }
        assert!(keys.is_sorted());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_take_turns_even_when_there_are_more_than_a_step_takes() {
    for office in every_engine().await {
        let other = office.account("other").await;
        for number in 0..3 {
            let sender = office.account(&format!("agent{number}")).await;
            for _ in 0..3 {
                send(&office, &sender, letter("other@agents.localhost", "x")).await;
            }
        }
        let claim = |behind: Key, limit: i64| {
            let now_us = office.mailroom.clock().unix_us();
            let store = office.store.clone();
            async move {
                let claims: Result<_, StoreError> = store
                    .write(move |tx: &mut dyn Tx| {
                        outbound::claim_local(tx, behind, now_us, now_us + 30_000_000, limit)
                    })
                    .await;
                claims.unwrap()
            }
        };
        let first = claim(Key(0), 2).await;
        let second = claim(first.behind, 2).await;
        assert!(first.more && second.more);
        let senders: Vec<_> = [&first.rows[..], &second.rows[..]]
            .concat()
            .iter()
            .map(|row| row.grant.unwrap())
            .collect();
        assert_eq!(senders.len(), 4);
        assert!(senders[0] < senders[1] && senders[1] < senders[2]);
        assert_eq!(senders[3], senders[0], "the first one has its next turn");
        let rest = claim(second.behind, 8).await;
        assert_eq!(rest.rows.len(), 5);
        let none = claim(rest.behind, 8).await;
        assert!(none.rows.is_empty() && !none.more);
        assert!(inbox(&office, &other).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_for_others_is_captured_when_the_operator_wants_that() {
    for office in every_engine().await {
        office.mailroom.capture_outgoing();
        let (agent, other) = (office.account("agent").await, office.account("other").await);
        let outgoing = Outgoing {
            cc: to("other@agents.localhost"),
            ..letter("buyer@shop.example", "x")
        };
        send(&office, &agent, outgoing).await;
        deliver_inside(&office).await;
        let rows = queue(&office).await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].state, rows[0].next_attempt_at), ("captured", None));
        assert_eq!(inbox(&office, &other).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_is_kept_outside_the_database_and_arrives_whole() {
    for office in every_engine().await {
        let (agent, other) = (office.account("agent").await, office.account("other").await);
        let noise: Vec<u8> = (0..300_000_u64)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8 ^ (n as u8).rotate_left(3))
            .collect();
        let outgoing = Outgoing {
            files: vec![OutgoingFile {
                filename: "noise.bin".to_owned(),
                content: noise.clone().into(),
                ..OutgoingFile::default()
            }],
            ..letter("other@agents.localhost", "large")
        };
        send(&office, &agent, outgoing).await;
        deliver_inside(&office).await;
        let arrived = inbox(&office, &other).await.remove(0);
        assert_eq!(arrived["attachments"][0]["size"], noise.len());
        let id = arrived["id"].as_str().unwrap();
        let raw = office
            .mailroom
            .get_message(&other, id, Detail::RawMime)
            .await
            .unwrap();
        assert!(raw.len() > noise.len());
        // A message from elsewhere finds its thread as ever.
        let reply = message(
            &[
                "Subject: Re: large",
                &format!(
                    "In-Reply-To: {}",
                    arrived["rfc822_message_id"].as_str().unwrap()
                ),
            ],
            "thanks",
        );
        office
            .deliver_confirmed(&["agent@agents.localhost"], &reply)
            .await;
        let sent = MessageQuery {
            subject: Some("large".to_owned()),
            ..MessageQuery::default()
        };
        let conversation = office.list(&agent, sent).await;
        assert_eq!(conversation.len(), 2);
        assert_eq!(conversation[0]["thread_id"], conversation[1]["thread_id"]);
    }
}
