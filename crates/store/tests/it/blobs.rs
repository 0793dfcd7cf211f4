//! Blobs: what goes in comes out, inline, in a directory and in a bucket.

use posthouse_store::blobs::BlobStore;
use posthouse_store::tables::blobs::{self, BlobPlace};
use posthouse_store::{StoreConfig, Tx};
use posthouse_types::ids::Key;

use crate::support::{Fresh, every_engine, left_out};

/// Bytes that do not compress, so that they are too many for a row.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(length)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_is_kept_once_per_application_and_never_across() {
    for fresh in every_engine().await {
        let store = &fresh.store;
        let prepared = store
            .blobs()
            .prepare(Key(10), Key(1), b"hello")
            .await
            .unwrap();
        let other = store
            .blobs()
            .prepare(Key(12), Key(2), b"hello")
            .await
            .unwrap();
        let again = store
            .blobs()
            .prepare(Key(11), Key(1), b"hello")
            .await
            .unwrap();
        let (one, two, three) = store
            .write(move |tx: &mut dyn Tx| {
                let one = blobs::keep(tx, &prepared)?.key;
                let two = blobs::keep(tx, &again)?.key;
                let three = blobs::keep(tx, &other)?.key;
                Ok::<_, posthouse_store::StoreError>((one, two, three))
            })
            .await
            .unwrap();
        assert_eq!((one, two, three), (Key(10), Key(10), Key(12)));
        let place = store
            .read(move |tx: &mut dyn Tx| blobs::find(tx, one))
            .await
            .unwrap()
            .unwrap();
        let BlobPlace::Inline(blob) = place else {
            panic!("a small blob is not inline")
        };
        assert_eq!(blob.raw().unwrap(), b"hello");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_blob_is_in_the_directory_before_its_row_is_written() {
    let fresh = Fresh::sqlite().await;
    let raw = noise(200_000);
    let prepared = fresh
        .store
        .blobs()
        .prepare(Key(10), Key(1), &raw)
        .await
        .unwrap();
    assert!(prepared.inline.is_none());
    let key = fresh
        .store
        .write(move |tx: &mut dyn Tx| {
            Ok::<_, posthouse_store::StoreError>(blobs::keep(tx, &prepared)?.key)
        })
        .await
        .unwrap();
    let place = fresh
        .store
        .read(move |tx: &mut dyn Tx| blobs::find(tx, key))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        place,
        BlobPlace::External {
            application: Key(1),
            key: Key(10)
        }
    );
    assert_eq!(fresh.store.blobs().fetch(Key(1), key).await.unwrap(), raw);
    assert!(
        fresh.store.blobs().fetch(Key(2), key).await.is_err(),
        "another application found the blob"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_large_blobs_like_the_directory_does() {
    // The test command starts an S3 server with this bucket and sets the usual AWS variables for it.
    if std::env::var("AWS_ENDPOINT").is_err() {
        return left_out("AWS_ENDPOINT names no S3 server");
    }
    let directory = tempfile::tempdir().unwrap();
    let config = StoreConfig {
        database: "sqlite".to_owned(),
        blobs: format!("s3://posthouse-test/store-tests-{}", std::process::id()),
        data_dir: directory.path().to_owned(),
        readers_max: 1,
    };
    let objects = BlobStore::open(&config).await.unwrap();
    objects.probe().await.unwrap();
    let raw = noise(300_000);
    let prepared = objects.prepare(Key(10), Key(1), &raw).await.unwrap();
    assert!(prepared.inline.is_none());
    let twice = objects.prepare(Key(10), Key(1), &raw).await.unwrap();
    assert_eq!(
        twice.hash, prepared.hash,
        "a blob that is there already is no error"
    );
    assert_eq!(objects.fetch(Key(1), prepared.key).await.unwrap(), raw);
    objects.remove(Key(1), prepared.key).await.unwrap();
    objects.remove(Key(1), prepared.key).await.unwrap();
    assert!(objects.fetch(Key(1), prepared.key).await.is_err());
}
