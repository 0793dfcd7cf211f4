//! Where the bytes of messages are kept, and when they go.

use posthouse_mailroom::read::MessageQuery;
use posthouse_store::tables::deleted_grants;
use posthouse_store::{StoreError, Tx};

use crate::receiving::{count, raw};
use crate::support::{every_engine, message};

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
