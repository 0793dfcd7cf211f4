//! The source of a stored message: its trace lines and its blob.

use posthouse_store::blobs::BlobStore;
use posthouse_store::tables::blobs::BlobPlace;
use posthouse_store::tables::messages::SourceRow;

use crate::Refusal;

/// Compressed blobs up to this size are decompressed where they are; larger ones away from the async threads.
const INLINE_WORK_BYTES_MAX: usize = 16 * 1024;

/// Returns the message as it was received, without the trace lines.
pub(crate) async fn blob(store: &BlobStore, place: BlobPlace) -> Result<Vec<u8>, Refusal> {
    match place {
        BlobPlace::Inline(blob) if blob.len() <= INLINE_WORK_BYTES_MAX => Ok(blob.raw()?),
        BlobPlace::Inline(blob) => Ok(away_from_async_threads(move || blob.raw()).await??),
        BlobPlace::External { application, key } => Ok(store.fetch(application, key).await?),
    }
}

/// Runs work that takes long for a large message on a blocking thread.
pub(crate) async fn away_from_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panic| Refusal::Internal {
        message: format!("work on a message's source did not end: {panic}"),
    })
}

/// Returns the whole source: trace lines, then the message as it was received.
pub(crate) async fn whole(store: &BlobStore, row: SourceRow) -> Result<Vec<u8>, Refusal> {
    let mut source = row.trace;
    source.extend(blob(store, row.blob).await?);
    Ok(source)
}
