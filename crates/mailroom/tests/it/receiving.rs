//! A message arrives: stored once for each recipient, byte for byte, or not at all.

use base64::Engine;
use posthouse_mailroom::provision::AccountChanges;
use posthouse_mailroom::read::{Detail, MessageQuery, PageRequest};
use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal};
use posthouse_store::tables::deleted_grants;
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

async fn count(office: &Office, table: &'static str) -> i64 {
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
async fn a_large_message_is_kept_outside_the_database_and_read_back_whole() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut state = 1_u64;
        let noise: String = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{:016x}\r\n", state)
        })
        .take(20_000)
        .collect();
        let sent = message(&["Subject: large", "X-Marker: here"], &noise);
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], &sent)
            .await;
        assert!(raw(&office, &grant, &accepted.id).await.ends_with(&sent));
        let external: Result<i64, StoreError> = office
            .store
            .read(|tx: &mut dyn Tx| {
                tx.query_one(
                    "SELECT COUNT(*) FROM blobs WHERE location = 1",
                    &[],
                    |row| row.int(0),
                )
            })
            .await;
        assert_eq!(external.unwrap(), 1);
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

/// Text that stays too long for a row when it is compressed.
fn noise(seed: u64) -> String {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        format!("{state:016x}\r\n")
    })
    .take(20_000)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_arrives_while_its_bytes_are_being_swept_keeps_them() {
    for office in every_engine().await {
        office.account("gone").await;
        let grant = office.account("kept").await;
        let sent = message(&["Subject: large"], &noise(1));
        let first = ["gone@agents.localhost"];
        office.deliver_confirmed(&first, &sent).await;
        office
            .mailroom
            .delete_account(&office.actor, first[0])
            .await
            .unwrap();
        let mut swept = Vec::new();
        loop {
            let step = office
                .store
                .write(|tx: &mut dyn Tx| deleted_grants::remove_some(tx, 100))
                .await;
            let step = step.unwrap();
            swept.extend(step.external);
            if !step.more {
                break;
            }
        }
        // Here the sweep has decided, and the bytes still lie there.
        let accepted = office
            .deliver_confirmed(&["kept@agents.localhost"], &sent)
            .await;
        assert_eq!(swept.len(), 1);
        for (application, blob) in swept {
            office
                .store
                .blobs()
                .remove(application, blob)
                .await
                .unwrap();
        }
        assert!(raw(&office, &grant, &accepted.id).await.ends_with(&sent));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_a_message_that_is_not_stored_are_not_left_behind() {
    for office in every_engine().await {
        office.account("triage").await;
        let to = ["triage@agents.localhost"];
        let sent = message(&["Subject: large"], &noise(2));
        let first = office.deliver(&to, &sent).await.unwrap();
        let again = office.deliver(&to, &sent).await.unwrap();
        assert_eq!(first.id, again.id, "a retransmission");
        assert_eq!(office.external_blobs(), 1);
        let late = office
            .delivery(&to, &message(&["Subject: late"], &noise(3)))
            .await;
        office
            .mailroom
            .delete_account(&office.actor, to[0])
            .await
            .unwrap();
        assert!(office.mailroom.receive(late).await.is_err());
        assert_eq!(office.external_blobs(), 1);
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

/// A message whose text is long and stands in it as it is.
fn long_plain_message() -> (String, String) {
    let lines: String = (0..1_500)
        .map(|number| format!("line {number} of \"many\"\r\n"))
        .collect();
    let text = lines.trim_end().to_owned();
    (message(&["Subject: Long"], &text), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_stored_once_for_all_bodies_and_the_source() {
    for office in every_engine().await {
        let grants = [office.account("one").await, office.account("two").await];
        let (sent, text) = long_plain_message();
        let to = ["one@agents.localhost", "two@agents.localhost"];
        let accepted = office.deliver_confirmed(&to, &sent).await;
        assert_eq!(count(&office, "blobs WHERE text_at IS NOT NULL").await, 1);
        let bare = "messages WHERE body IS NULL AND body_frame IS NULL";
        assert_eq!(count(&office, bare).await, 2);
        for (grant, id) in grants.iter().zip(&accepted.message_ids) {
            let listed = office.list(grant, MessageQuery::default()).await;
            let shown = listed[0]["body"].as_str().unwrap();
            assert_eq!(shown.trim_end(), text);
            assert!(raw(&office, grant, id).await.ends_with(&sent));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_kept_with_its_row_where_the_application_has_the_message_whole() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let (sent, text) = long_plain_message();
        let application = office.actor.application;
        let whole = posthouse_store::blobs::PreparedBlob::new(
            office.store.new_key(),
            application,
            sent.as_bytes(),
        )
        .unwrap();
        let kept: Result<_, StoreError> = office
            .store
            .write(move |tx: &mut dyn Tx| posthouse_store::tables::blobs::keep(tx, &whole))
            .await;
        assert!(!kept.unwrap().has_body);
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], &sent)
            .await;
        assert_eq!(count(&office, "blobs").await, 1);
        assert_eq!(
            count(&office, "messages WHERE body_frame IS NOT NULL").await,
            1
        );
        let listed = office.list(&grant, MessageQuery::default()).await;
        assert_eq!(listed[0]["body"].as_str().unwrap().trim_end(), text);
        assert!(raw(&office, &grant, &accepted.id).await.ends_with(&sent));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_an_earlier_release_compressed_is_still_shown() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        office
            .deliver_confirmed(&["triage@agents.localhost"], &message(&[], "new"))
            .await;
        let frame = posthouse_store::blobs::compress(br#""old \"quoted\"""#).unwrap();
        let changed: Result<u64, StoreError> = office
            .store
            .write(move |tx: &mut dyn Tx| {
                let frame = posthouse_store::Param::Bytes(&frame);
                tx.execute(
                    "UPDATE messages SET body = NULL, body_frame = $1, document_version = 1",
                    &[frame],
                )
            })
            .await;
        assert_eq!(changed.unwrap(), 1);
        let listed = office.list(&grant, MessageQuery::default()).await;
        assert_eq!(listed[0]["body"], "old \"quoted\"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_no_row_names_is_removed_after_an_hour_and_no_other() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let mut state = 7_u64;
        let noise: String = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{state:016x}\r\n")
        })
        .take(20_000)
        .collect();
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], &message(&[], &noise))
            .await;
        // What a crash between object and row leaves behind.
        let orphan = office.store.new_key();
        let prepared = posthouse_store::blobs::PreparedBlob::new(
            orphan,
            office.actor.application,
            format!("x{noise}").as_bytes(),
        )
        .unwrap();
        office.store.blobs().keep(prepared).await.unwrap();
        // An object of another installation in the same bucket.
        let foreign =
            posthouse_store::blobs::PreparedBlob::new(orphan, orphan, noise.as_bytes()).unwrap();
        office.store.blobs().keep(foreign).await.unwrap();
        assert_eq!(
            office.mailroom.remove_orphaned_objects().await.unwrap(),
            0,
            "it may be on its way into a row"
        );
        office.clock.forward(2 * 3_600);
        assert_eq!(office.mailroom.remove_orphaned_objects().await.unwrap(), 1);
        office
            .store
            .blobs()
            .fetch(orphan, orphan)
            .await
            .expect("a foreign object was removed");
        assert!(raw(&office, &grant, &accepted.id).await.contains(&noise));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_nothing_refers_to_is_removed_after_an_hour_and_no_other() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let to = ["triage@agents.localhost"];
        let kept = office.deliver_confirmed(&to, &message(&[], "kept")).await;
        // A row of the queue outlived the copy in Sent; then it was delivered.
        let orphan = office.store.new_key();
        let application = office.actor.application;
        let left_behind: Result<_, StoreError> = office
            .store
            .write(move |tx: &mut dyn Tx| {
                let raw = b"left behind";
                let blob = posthouse_store::blobs::PreparedBlob::new(orphan, application, raw)?;
                posthouse_store::tables::blobs::keep(tx, &blob)
            })
            .await;
        left_behind.unwrap();
        let sweep = || office.mailroom.remove_unreferenced_blobs();
        assert_eq!(sweep().await.unwrap(), 0, "it is young");
        office.clock.forward(2 * 3_600);
        assert_eq!(sweep().await.unwrap(), 1);
        assert_eq!(sweep().await.unwrap(), 0);
        let found: Result<_, StoreError> = office
            .store
            .read(move |tx: &mut dyn Tx| posthouse_store::tables::blobs::find(tx, orphan))
            .await;
        assert_eq!(found.unwrap(), None);
        assert!(raw(&office, &grant, &kept.id).await.contains("kept"));
    }
}
