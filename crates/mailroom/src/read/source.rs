//! The source of a stored message: its trace lines and its blob.

use posthouse_store::blobs::{self, BlobStore};
use posthouse_store::tables::blobs::BlobPlace;
use posthouse_store::tables::messages::SourceRow;

use crate::Refusal;

/// Compressed blobs up to this size are decompressed where they are; larger ones away from the async threads.
const INLINE_WORK_BYTES_MAX: usize = 16 * 1024;

/// Returns the message as it was received, without the trace lines.
pub(crate) async fn blob(store: &BlobStore, place: BlobPlace) -> Result<Vec<u8>, Refusal> {
    match place {
        BlobPlace::Inline(frame) if frame.len() <= INLINE_WORK_BYTES_MAX => {
            Ok(blobs::decompress(&frame)?)
        }
        BlobPlace::Inline(frame) => {
            let work = tokio::task::spawn_blocking(move || blobs::decompress(&frame));
            let raw = work.await.map_err(|_| Refusal::Internal {
                message: "decompression panicked".to_owned(),
            })?;
            Ok(raw?)
        }
        BlobPlace::External { application, key } => Ok(store.fetch(application, key).await?),
    }
}

/// Returns the whole source: trace lines, then the message as it was received.
pub(crate) async fn whole(store: &BlobStore, row: SourceRow) -> Result<Vec<u8>, Refusal> {
    let mut source = row.trace;
    source.extend(blob(store, row.blob).await?);
    Ok(source)
}
