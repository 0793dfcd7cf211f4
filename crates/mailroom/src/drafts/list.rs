//! Drafts are listed.

use posthouse_store::Tx;
use posthouse_store::tables::drafts::{self, DraftPosition, DraftSelection};
use posthouse_store::tables::folders as folder_rows;
use posthouse_store::tables::messages::Position;
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::object::load;
use crate::actor::GrantRef;
use crate::read::{
    CursorOf, MessagePage, MessageQuery, PageRequest, filtered_folders, open_cursor, seal_cursor,
    term_groups,
};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Lists drafts of an account, the one that was changed last first; a page ends early as one of messages does.
    ///
    /// Of the query, what only messages have means nothing: times, ids in headers, words.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a cursor of another listing.
    pub async fn list_drafts(
        &self,
        grant: &GrantRef,
        query: MessageQuery,
        page: PageRequest,
    ) -> Result<MessagePage, Refusal> {
        let codec = self.store().ids().clone();
        let owner = grant.clone();
        let behind = page
            .cursor
            .as_deref()
            .map(|cursor| open_cursor(&codec, CursorOf::Drafts, owner.grant, cursor))
            .transpose()?;
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let Some(mut selection) = selection(tx, &codec, owner.grant, &query)? else {
                    return Ok(MessagePage::default());
                };
                selection.behind = behind.map(|position| DraftPosition {
                    changed_us: position.date_at,
                    id: position.id,
                });
                // One more than asked for tells whether rows remain.
                selection.limit = page.limit as i64 + 1;
                let found = drafts::select(tx, &selection)?;
                let ids: Vec<Key> = found.iter().take(page.limit).map(|one| one.id).collect();
                let mut listed = load(tx, &codec, owner.application, owner.grant, &ids)?;
                let shown = listed.ends.len();
                listed.next_cursor =
                    found[..shown]
                        .last()
                        .filter(|_| shown < found.len())
                        .map(|last| {
                            let position = Position {
                                date_at: last.changed_us,
                                id: last.id,
                            };
                            seal_cursor(&codec, CursorOf::Drafts, owner.grant, position)
                        });
                Ok(listed)
            })
            .await
    }
}

/// Turns a query into a selection of rows, or `None` when nothing can match.
fn selection(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    query: &MessageQuery,
) -> Result<Option<DraftSelection>, Refusal> {
    let all = folder_rows::of_grant(tx, grant)?;
    let wanted = filtered_folders(&all, codec, &query.folders)?;
    let is_wanted = all
        .iter()
        .any(|folder| folder.system == Some(SystemFolder::Drafts) && wanted.contains(&folder.id));
    if !is_wanted {
        return Ok(None);
    }
    let thread = match &query.thread_id {
        None => None,
        Some(id) => match codec.open(Kind::Thread, id) {
            None => return Ok(None),
            thread => thread,
        },
    };
    Ok(Some(DraftSelection {
        grant,
        term_groups: term_groups(codec, query),
        subject: query.subject.as_deref().map(str::to_lowercase),
        unread: query.unread,
        starred: query.starred,
        has_attachment: query.has_attachment,
        thread,
        behind: None,
        limit: 0,
    }))
}
