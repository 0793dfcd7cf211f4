//! What threads show of their drafts.

use std::collections::HashMap;

use posthouse_store::tables::drafts::{self as draft_rows, DraftPosition};
use posthouse_store::tables::folders;
use posthouse_store::tables::messages::Position;
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{IdCodec, Key};

use super::object::{Summary, ThreadWriter};
use crate::actor::GrantRef;
use crate::drafts::load;

/// Drafts that a thread without messages shows the correspondents of.
const DRAFTS_READ_MAX: usize = 50;

/// The drafts of some threads.
#[derive(Debug)]
pub(super) struct ThreadDrafts {
    /// The one that was changed last first.
    of_threads: HashMap<Key, Vec<DraftPosition>>,
    /// Where they are; none without any.
    folder: Option<Key>,
}

impl ThreadDrafts {
    pub(super) fn find(tx: &mut dyn Tx, grant: Key, threads: &[Key]) -> Result<Self, StoreError> {
        let mut of_threads: HashMap<Key, Vec<DraftPosition>> = HashMap::new();
        for (thread, position) in draft_rows::of_threads(tx, grant, threads)? {
            of_threads.entry(thread).or_default().push(position);
        }
        let folder = match of_threads.is_empty() {
            true => None,
            false => folders::system_folder(tx, grant, SystemFolder::Drafts)?,
        };
        Ok(Self { of_threads, folder })
    }

    /// Adds the drafts of a thread to what it shows, and returns the one that was changed last if no message is newer.
    pub(super) fn add_to(
        &mut self,
        summary: &mut Summary,
        thread: Key,
        newest: Position,
    ) -> Option<Key> {
        let drafts = self.of_threads.remove(&thread)?;
        summary.add_drafts(drafts.iter().map(|draft| draft.id).collect(), self.folder);
        let last = drafts.first()?;
        (last.changed_us / 1_000_000 >= newest.date_at).then_some(last.id)
    }
}

/// Renders the object of a thread of which only drafts are left; `None` when there are none.
pub(super) fn render_of_drafts(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: &GrantRef,
    thread: Key,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut drafts = ThreadDrafts::find(tx, grant.grant, &[thread])?;
    let found = drafts.of_threads.remove(&thread).unwrap_or_default();
    let ids: Vec<Key> = found.iter().map(|draft| draft.id).collect();
    let read = &ids[..ids.len().min(DRAFTS_READ_MAX)];
    let page = load(tx, codec, grant.application, grant.grant, read)?;
    let objects: Vec<&[u8]> = page.objects().collect();
    let Some(last) = objects.first() else {
        return Ok(None);
    };
    let mut summary = Summary::of(thread);
    summary.add_drafts(ids, drafts.folder);
    summary.take_texts_of_drafts(&objects)?;
    let mut json = Vec::with_capacity(last.len() + 1_024);
    ThreadWriter::new(codec, grant.grant).write(&mut json, &summary, last);
    Ok(Some(json))
}
