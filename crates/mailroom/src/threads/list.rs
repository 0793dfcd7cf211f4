//! Listing threads.

use posthouse_store::tables::folders::{self as folder_rows, Folder};
use posthouse_store::tables::threads::{self, Head, ThreadSelection};
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{IdCodec, Key};

use super::drafts::ThreadDrafts;
use super::object::{self, ThreadWriter};
use super::query::ThreadQuery;
use crate::actor::GrantRef;
use crate::drafts::load as load_drafts;
use crate::read::{
    CursorOf, Detail, MessagePage, PAGE_BYTES_MAX, PageRequest, load, open_cursor, seal_cursor,
    selection_among,
};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Lists threads of an account, the one with the newest message first, or by relevance when the query searches for
    /// words.
    ///
    /// The cursor is the place of a thread's newest message: a thread that gets mail while its listing is paged moves
    /// to the front of the next listing and is not shown a second time in this one. A page ends early when it has
    /// [`PAGE_BYTES_MAX`].
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a cursor of another listing.
    pub async fn list_threads(
        &self,
        grant: &GrantRef,
        mut query: ThreadQuery,
        page: PageRequest,
    ) -> Result<MessagePage, Refusal> {
        if let Some(search) = query.message.search.take() {
            return self.search_threads(grant, search, query, page).await;
        }
        let codec = self.store().ids().clone();
        let (owner, grant) = (grant.clone(), grant.grant);
        let behind = page
            .cursor
            .as_deref()
            .map(|cursor| open_cursor(&codec, CursorOf::Threads, grant, cursor))
            .transpose()?;
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let folders = folder_rows::of_grant(tx, grant)?;
                let Some(mut selection) = selected(&folders, &codec, grant, &query)? else {
                    return Ok(MessagePage::default());
                };
                selection.behind = behind;
                // One more than asked for tells whether rows remain.
                selection.limit = page.limit + 1;
                selection.offset = match behind {
                    Some(_) => 0,
                    None => usize::try_from(page.offset).unwrap_or_default(),
                };
                let found = threads::select(tx, &selection)?;
                let wanted = &found[..found.len().min(page.limit)];
                let mut listed = render(tx, &codec, &owner, sent(&folders), wanted)?;
                let shown = listed.ends.len();
                listed.next_cursor = found[..shown]
                    .last()
                    .filter(|_| shown < found.len())
                    .map(|last| seal_cursor(&codec, CursorOf::Threads, grant, last.newest));
                Ok(listed)
            })
            .await
    }
}

/// Turns a query into a selection of threads, or `None` when nothing can match.
pub(super) fn selected(
    folders: &[Folder],
    codec: &IdCodec,
    grant: Key,
    query: &ThreadQuery,
) -> Result<Option<ThreadSelection>, Refusal> {
    let message = selection_among(folders, codec, grant, &query.message)?;
    let with_messages = folders.iter().filter(|folder| folder.total_count > 0);
    Ok(message.map(|message| ThreadSelection {
        message,
        all_folders: with_messages.map(|folder| folder.id).collect(),
        latest_after: query.latest_message_after,
        latest_before: query.latest_message_before,
        earliest_from: query.earliest_message_date,
        behind: None,
        limit: 0,
        offset: 0,
    }))
}

/// Returns the folder whose messages were sent by the account.
pub(super) fn sent(folders: &[Folder]) -> Option<Key> {
    folders
        .iter()
        .find(|folder| folder.system == Some(SystemFolder::Sent))
        .map(|folder| folder.id)
}

/// Renders the objects of threads in this order, up to [`PAGE_BYTES_MAX`] and at least one.
pub(super) fn render(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    owner: &GrantRef,
    sent: Option<Key>,
    heads: &[Head],
) -> Result<MessagePage, StoreError> {
    let grant = owner.grant;
    let newest: Vec<Key> = heads.iter().map(|head| head.newest.id).collect();
    let newest = load(tx, codec, grant, &newest, Detail::Standard)?.page;
    // Messages that had no room in a page are in the next one, with their threads.
    let heads = &heads[..newest.ends.len()];
    let mut objects = newest.objects();
    let mut page = MessagePage {
        json: Vec::with_capacity(newest.json.len() + heads.len() * 1_024),
        ..MessagePage::default()
    };
    let writer = ThreadWriter::new(codec, grant);
    for chunk in heads.chunks(threads::THREADS_PER_STATEMENT_MAX) {
        let keys: Vec<Key> = chunk.iter().map(|head| head.thread).collect();
        let mut summaries = object::summarise(tx, grant, sent, &keys)?;
        let mut drafts = ThreadDrafts::find(tx, grant, &keys)?;
        for ((head, summary), newest) in chunk.iter().zip(&mut summaries).zip(&mut objects) {
            if page.json.len() >= PAGE_BYTES_MAX {
                return Ok(page);
            }
            if !page.json.is_empty() {
                page.json.push(b',');
            }
            let draft = drafts.add_to(summary, head.thread, head.newest);
            let draft = match draft {
                Some(draft) => load_drafts(tx, codec, owner.application, grant, &[draft])?.json,
                None => Vec::new(),
            };
            let latest = if draft.is_empty() { newest } else { &draft };
            writer.write(&mut page.json, summary, latest);
            page.ends.push(page.json.len());
        }
    }
    Ok(page)
}
