//! Listing what a search found.

use posthouse_store::Tx;
use posthouse_types::ids::Key;

use super::{SearchQuery, Walk, open_cursor, seal_cursor};
use crate::actor::GrantRef;
use crate::read::{
    Detail, Listed, MessagePage, MessageQuery, PageRequest, foreign_cursor, load, selection,
};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Lists the messages that hold what is searched for and are as the rest of the query wants them, the most relevant
    /// first: words in the subject count over words in names, addresses and names of files, these over words in the
    /// body; then the newest.
    pub(crate) async fn search_messages(
        &self,
        grant: &GrantRef,
        search: &SearchQuery,
        query: MessageQuery,
        page: PageRequest,
        detail: Detail,
    ) -> Result<MessagePage, Refusal> {
        let codec = self.store().ids().clone();
        let sealer = codec.clone();
        let grant = grant.grant;
        let behind = match &page.cursor {
            None => None,
            Some(cursor) => Some(open_cursor(&codec, grant, cursor).ok_or_else(foreign_cursor)?),
        };
        self.index_is_ready(grant).await?;
        let limit = page.limit;
        let offset = match behind {
            Some(_) => 0,
            None => usize::try_from(page.offset).unwrap_or_default(),
        };
        let search = search.clone();
        let (found, listed) = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let Some(selection) = selection(tx, &codec, grant, &query)? else {
                    return Ok((Vec::new(), Listed::default()));
                };
                let walk = Walk {
                    grant,
                    query: &search,
                    selection: &selection,
                    behind,
                    // One more than asked for tells whether rows remain.
                    limit: offset + limit + 1,
                };
                let mut found = walk.run(tx)?;
                found.drain(..offset.min(found.len()));
                let ids: Vec<Key> = found
                    .iter()
                    .take(limit)
                    .map(|found| found.message)
                    .collect();
                let listed = load(tx, &codec, grant, &ids, detail)?;
                Ok((found, listed))
            })
            .await?;
        let mut page = self.complete(listed).await?;
        let shown = page.ends.len();
        page.next_cursor = found[..shown]
            .last()
            .filter(|_| shown < found.len())
            .map(|found| seal_cursor(&sealer, grant, &found.place));
        Ok(page)
    }
}
