//! What goes along with a draft: hashed, compressed and, if large, durable before the transaction that refers to it.

use futures::{StreamExt, TryStreamExt};
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::tables::blobs;
use posthouse_store::tables::drafts::files::DraftFile;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use crate::actor::GrantRef;
use crate::read::away_from_async_threads;
use crate::send::OutgoingFile;
use crate::send::limits::INLINE_WORK_BYTES_MAX;
use crate::{Mailroom, Refusal};

/// Objects that are written to the blob store at once.
const WRITES_AT_ONCE_MAX: usize = 8;

/// A file that only waits for its transaction.
#[derive(Debug)]
pub(super) struct PreparedFile {
    pub(super) blob: PreparedBlob,
    /// Its `blob` and `is_inline` are not known yet.
    file: DraftFile,
}

impl Mailroom {
    /// Makes files ready; whoever does not keep them removes their bytes ([`Mailroom::remove_bytes`]).
    pub(super) async fn prepare_files(
        &self,
        grant: &GrantRef,
        files: Vec<OutgoingFile>,
    ) -> Result<Vec<PreparedFile>, Refusal> {
        let bytes: usize = files.iter().map(|file| file.content.len()).sum();
        let (mailroom, application) = (self.clone(), grant.application);
        let prepare = move || {
            let prepared = files
                .into_iter()
                .map(|file| mailroom.prepare_file(application, file));
            prepared.collect::<Result<Vec<PreparedFile>, StoreError>>()
        };
        let prepared = if bytes <= INLINE_WORK_BYTES_MAX {
            prepare()?
        } else {
            away_from_async_threads(prepare).await??
        };
        let blobs = self.store().blobs();
        let kept = prepared
            .into_iter()
            .map(|PreparedFile { blob, file }| async {
                let blob = blobs.keep(blob).await?;
                Ok::<_, StoreError>(PreparedFile { blob, file })
            });
        let kept = futures::stream::iter(kept).buffered(WRITES_AT_ONCE_MAX);
        Ok(kept.try_collect().await?)
    }

    fn prepare_file(
        &self,
        application: Key,
        file: OutgoingFile,
    ) -> Result<PreparedFile, StoreError> {
        let blob = PreparedBlob::new(self.store().new_key(), application, &file.content)?;
        Ok(PreparedFile {
            file: DraftFile {
                id: self.store().new_key(),
                blob: blob.key,
                size_bytes: blob.size_bytes,
                filename: file.filename,
                content_type: file.content_type,
                content_id: file.content_id,
                says_inline: file.is_inline,
                is_inline: false,
            },
            blob,
        })
    }
}

/// Keeps the octets of files and returns the files in their order; those that the draft has already stay who they are.
///
/// Blobs are taken in the order of their hashes: two drafts with the same files never wait for each other in a circle.
pub(super) fn keep(
    tx: &mut dyn Tx,
    prepared: &[PreparedFile],
    before: &[DraftFile],
) -> Result<Vec<DraftFile>, StoreError> {
    let mut order: Vec<usize> = (0..prepared.len()).collect();
    order.sort_unstable_by_key(|place| prepared[*place].blob.hash);
    let mut files: Vec<DraftFile> = prepared.iter().map(|one| one.file.clone()).collect();
    for place in order {
        files[place].blob = blobs::keep(tx, &prepared[place].blob)?.key;
    }
    let mut before: Vec<Option<&DraftFile>> = before.iter().map(Some).collect();
    for file in &mut files {
        let same = before
            .iter_mut()
            .find(|old| old.is_some_and(|old| is_same(old, file)));
        if let Some(old) = same.and_then(Option::take) {
            file.id = old.id;
        }
    }
    Ok(files)
}

fn is_same(one: &DraftFile, other: &DraftFile) -> bool {
    one.blob == other.blob
        && one.filename == other.filename
        && one.content_type == other.content_type
        && one.content_id == other.content_id
        && one.says_inline == other.says_inline
}
