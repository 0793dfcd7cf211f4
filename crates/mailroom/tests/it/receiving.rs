//! A message arrives: stored once for each recipient, byte for byte, or not at all.

use base64::Engine;
use posthouse_mailroom::provision::AccountChanges;
use posthouse_mailroom::read::{Detail, MessageQuery, PageRequest};
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;

use crate::support::{Office, every_engine, message, objects};

pub async fn raw(office: &Office, grant: &posthouse_mailroom::actor::GrantRef, id: &str) -> String {
    let object = office
        .mailroom
        .get_message(grant, id, Detail::RawMime)
        .await
        .unwrap();
    let object: serde_json::Value = serde_json::from_slice(&object).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE
        .decode(object["raw_mime"].as_str().unwrap())
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

pub async fn count(office: &Office, table: &'static str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let counted: Result<i64, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| tx.query_one(&sql, &[], |row| row.int(0)))
        .await;
    counted.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_comes_back_byte_for_byte_below_the_trace_lines() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let sent = message(
            &["Subject:  odd   spacing", "X-Odd:\tkept"],
            "body with trailing  \r\n..dots",
        );
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], &sent)
            .await;
        let source = raw(&office, &grant, &accepted.id).await;
        let trace = source
            .strip_suffix(&sent)
            .expect("the message is not at the end of its source");
        assert!(trace.starts_with("Return-Path: <sender@client.example>\r\nDelivered-To: triage@agents.localhost\r\nReceived: from client.example ([192.0.2.7])"), "{trace}");
        assert!(
            trace.contains("by mx.posthouse.example with ESMTP")
                && trace.contains("for <triage@agents.localhost>"),
            "{trace}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_of_one_application_share_one_blob_and_have_their_own_trace() {
    for office in every_engine().await {
        let (one, two) = (office.account("one").await, office.account("two").await);
        let sent = message(&["Subject: both"], "hello");
        let accepted = office
            .deliver_confirmed(&["one@agents.localhost", "two+tag@agents.localhost"], &sent)
            .await;
        assert_eq!(accepted.message_ids.len(), 2);
        assert_eq!(count(&office, "blobs").await, 1);
        assert_eq!(count(&office, "messages").await, 2);
        let (first, second) = (
            raw(&office, &one, &accepted.message_ids[0]).await,
            raw(&office, &two, &accepted.message_ids[1]).await,
        );
        assert!(first.contains("Delivered-To: one@agents.localhost\r\n"));
        assert!(second.contains("Delivered-To: two+tag@agents.localhost\r\n"));
        assert!(
            !second.contains("for <"),
            "a copy for several names no recipient"
        );
        assert!(
            office
                .mailroom
                .get_message(&one, &accepted.message_ids[1], Detail::Standard)
                .await
                .is_err()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retransmission_after_an_unread_acceptance_is_accepted_and_not_stored_again() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let sent = message(&["Subject: once"], "hello");
        let first = office
            .deliver(&["triage@agents.localhost"], &sent)
            .await
            .unwrap();
        let again = office
            .deliver(&["triage@agents.localhost"], &sent)
            .await
            .unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(office.list(&grant, MessageQuery::default()).await.len(), 1);
        // The peer has read the second acceptance: from now on the same bytes are a new message.
        office.mailroom.confirm_receipt(again.receipt);
        let meant = office
            .deliver(&["triage@agents.localhost"], &sent)
            .await
            .unwrap();
        assert_ne!(meant.id, first.id);
        assert_eq!(office.list(&grant, MessageQuery::default()).await.len(), 2);
        assert_eq!(count(&office, "blobs").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_from_elsewhere_or_for_somebody_else_are_a_new_message() {
    for office in every_engine().await {
        office.account("one").await;
        office.account("two").await;
        let sent = message(&["Subject: once"], "hello");
        let first = office
            .deliver(&["one@agents.localhost"], &sent)
            .await
            .unwrap();
        let other_recipient = office
            .deliver(&["two@agents.localhost"], &sent)
            .await
            .unwrap();
        assert_ne!(other_recipient.id, first.id);
        let mut elsewhere = office.delivery(&["one@agents.localhost"], &sent).await;
        elsewhere.peer = "198.51.100.9".parse().unwrap();
        assert_ne!(
            office.mailroom.receive(elsewhere).await.unwrap().id,
            first.id
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_forgotten_after_a_day() {
    for office in every_engine().await {
        office.account("triage").await;
        let sent = message(&["Subject: once"], "hello");
        let first = office
            .deliver(&["triage@agents.localhost"], &sent)
            .await
            .unwrap();
        office.clock.forward(25 * 3_600);
        let late = office
            .deliver(&["triage@agents.localhost"], &sent)
            .await
            .unwrap();
        assert_ne!(late.id, first.id);
        office.mailroom.expire_records().await.unwrap();
        assert_eq!(count(&office, "receipts").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_are_found_exactly_by_plus_base_or_not_at_all() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let resolve = async |address: &str| {
            office
                .mailroom
                .resolve_recipient(&EmailAddress::parse_strict(address).unwrap())
                .await
        };
        assert!(resolve("TRIAGE@Agents.Localhost").await.is_ok());
        assert!(resolve("triage+orders@agents.localhost").await.is_ok());
        assert_eq!(
            resolve("nobody@agents.localhost").await.unwrap_err(),
            RecipientRefusal::Unknown
        );
        assert_eq!(
            resolve("triage@sub.agents.localhost").await.unwrap_err(),
            RecipientRefusal::Relay
        );
        assert_eq!(
            resolve("triage@elsewhere.example").await.unwrap_err(),
            RecipientRefusal::Relay
        );
        let off = AccountChanges {
            plus_addressing: Some(false),
            ..AccountChanges::default()
        };
        office
            .mailroom
            .update_account(&office.actor, &grant.email, off)
            .await
            .unwrap();
        assert_eq!(
            resolve("triage+orders@agents.localhost").await.unwrap_err(),
            RecipientRefusal::Unknown
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_12_a_message_that_was_here_before_or_went_through_too_many_servers_is_a_loop() {
    for office in every_engine().await {
        office.account("triage").await;
        let seen = message(&["Delivered-To: Triage@agents.localhost"], "again");
        let refused = office.deliver(&["triage@agents.localhost"], &seen).await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::TooManyHops);
        let hops = |count: usize| {
            let received: Vec<String> = (0..count)
                .map(|hop| format!("Received: from h{hop} by h{}", hop + 1))
                .collect();
            message(
                &received.iter().map(String::as_str).collect::<Vec<_>>(),
                "far",
            )
        };
        assert!(
            office
                .deliver(&["triage@agents.localhost"], &hops(100))
                .await
                .is_ok()
        );
        let refused = office
            .deliver(&["triage@agents.localhost"], &hops(101))
            .await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::TooManyHops);
        assert_eq!(count(&office, "messages").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_for_an_account_that_was_deleted_meanwhile_is_deferred_and_leaves_nothing() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let delivery = office
            .delivery(&["triage@agents.localhost"], &message(&[], "late"))
            .await;
        office
            .mailroom
            .delete_account(&office.actor, &grant.email)
            .await
            .unwrap();
        assert_eq!(
            office.mailroom.receive(delivery).await.unwrap_err(),
            ReceiveRefusal::Unavailable
        );
        assert_eq!(count(&office, "messages").await, 0);
        assert_eq!(count(&office, "blobs").await, 0);
        assert_eq!(count(&office, "receipts").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_arrive_at_once_are_all_there_with_distinct_numbers_and_exact_counts() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut deliveries = Vec::new();
        for number in 0..60 {
            let text = message(&[&format!("Subject: {number}")], "hello");
            deliveries.push(office.delivery(&["triage@agents.localhost"], &text).await);
        }
        let tasks: Vec<_> = deliveries
            .into_iter()
            .map(|delivery| {
                let mailroom = office.mailroom.clone();
                tokio::spawn(async move { mailroom.receive(delivery).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let inbox = office.mailroom.get_folder(&grant, "inbox").await.unwrap();
        assert_eq!((inbox.total_count, inbox.unread_count), (60, 60));
        let numbers: Result<i64, StoreError> = office
            .store
            .read(|tx: &mut dyn Tx| {
                tx.query_one(
                    "SELECT CAST(COUNT(DISTINCT uid) AS BIGINT) FROM messages",
                    &[],
                    |row| row.int(0),
                )
            })
            .await;
        assert_eq!(numbers.unwrap(), 60);
        let page = PageRequest {
            limit: 200,
            ..PageRequest::default()
        };
        let page = office
            .mailroom
            .list_messages(&grant, MessageQuery::default(), page, Detail::Standard)
            .await
            .unwrap();
        assert_eq!(objects(&page).len(), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_outlives_a_delivery_that_failed() {
    for office in every_engine().await {
        office.account("triage").await;
        office.account("gone").await;
        let to = ["triage@agents.localhost"];
        let same = message(&["Subject: every hour the same"], "nothing new");
        let late = office.delivery(&["gone@agents.localhost"], &same).await;
        office
            .mailroom
            .delete_account(&office.actor, "gone@agents.localhost")
            .await
            .unwrap();
        let first = office.deliver_confirmed(&to, &same).await;
        assert!(office.mailroom.receive(late).await.is_err());
        let second = office.deliver_confirmed(&to, &same).await;
        assert_ne!(
            first.id, second.id,
            "a new message was taken for a retransmission"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_much_to_show_is_not_multiplied_without_bound() {
    let office = every_engine().await.remove(0);
    office.account("triage").await;
    let to = ["triage@agents.localhost"];
    // Nearly as long as a header may be, twice as long in JSON, and every copy has it.
    let subject = "\"".repeat(1_000_000);
    let shown = message(&[&format!("Subject: {subject}")], "x");
    assert!(office.deliver(&to, &shown).await.is_ok());
    let mut many = office.delivery(&to, &shown).await;
    many.recipients = vec![many.recipients[0].clone(); 100];
    let refused = office.mailroom.receive(many).await;
    assert_eq!(refused.unwrap_err(), ReceiveRefusal::TooLarge);
}
