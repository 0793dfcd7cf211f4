//! Searching threads: each stands where its best message does.

use std::collections::{HashMap, HashSet};

use posthouse_store::Tx;
use posthouse_store::tables::folders as folder_rows;
use posthouse_store::tables::threads::{self, Head};
use posthouse_types::ids::Key;

use super::list::{render, selected, sent};
use super::query::ThreadQuery;
use crate::actor::GrantRef;
use crate::read::{MessagePage, PageRequest, foreign_cursor};
use crate::search::{SearchQuery, Walk, open_cursor, seal_cursor};
use crate::{Mailroom, Refusal};

/// Matches that are looked at in one step.
const MATCHES_PER_STEP: usize = 1_000;

impl Mailroom {
    /// Lists the threads of messages that hold what is searched for, the one with the most relevant message first.
    ///
    /// The cursor is the place of that message: a thread that has a better one in front of the cursor was shown there.
    pub(super) async fn search_threads(
        &self,
        grant: &GrantRef,
        search: SearchQuery,
        query: ThreadQuery,
        page: PageRequest,
    ) -> Result<MessagePage, Refusal> {
        let codec = self.store().ids().clone();
        let (owner, grant) = (grant.clone(), grant.grant);
        let behind = match &page.cursor {
            None => None,
            Some(cursor) => Some(open_cursor(&codec, grant, cursor).ok_or_else(foreign_cursor)?),
        };
        self.index_is_ready(grant).await?;
        let offset = match behind {
            Some(_) => 0,
            None => usize::try_from(page.offset).unwrap_or_default(),
        };
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let folders = folder_rows::of_grant(tx, grant)?;
                let Some(selection) = selected(&folders, &codec, grant, &query)? else {
                    return Ok(MessagePage::default());
                };
                let walk = |behind, limit| Walk {
                    grant,
                    query: &search,
                    selection: &selection.message,
                    behind,
                    limit,
                };
                // One more than asked for tells whether rows remain.
                let wanted = offset + page.limit + 1;
                let mut shown = Vec::new();
                let mut seen: HashSet<Key> = HashSet::new();
                let mut at = behind;
                while shown.len() < wanted {
                    let found = walk(at, MATCHES_PER_STEP).run(tx)?;
                    let (Some(first), Some(last)) = (found.first(), found.last()) else {
                        break;
                    };
                    if behind.is_some() && at == behind {
                        let from_start = |limit| walk(None, limit);
                        seen = in_front_of(tx, grant, first.message, from_start)?;
                    }
                    let ids: Vec<Key> = found.iter().map(|one| one.message).collect();
                    let heads = threads::of_messages(tx, grant, &ids, selection.earliest_from)?;
                    let heads: HashMap<Key, Head> = heads.into_iter().collect();
                    for one in &found {
                        let head = heads.get(&one.message);
                        let head = head.filter(|head| selection.takes(head.newest));
                        if let Some(head) = head.filter(|head| seen.insert(head.thread)) {
                            shown.push((*head, one.place));
                        }
                    }
                    if found.len() < MATCHES_PER_STEP {
                        break;
                    }
                    at = Some(last.place);
                }
                shown.truncate(wanted);
                shown.drain(..offset.min(shown.len()));
                let heads: Vec<Head> = shown.iter().map(|(head, _)| *head).collect();
                let heads = &heads[..heads.len().min(page.limit)];
                let mut listed = render(tx, &codec, &owner, sent(&folders), heads)?;
                let count = listed.ends.len();
                listed.next_cursor = shown[..count]
                    .last()
                    .filter(|_| count < shown.len())
                    .map(|(_, place)| seal_cursor(&codec, grant, place));
                Ok(listed)
            })
            .await
    }
}

/// Returns the threads that have matches in front of this one, which were shown for them.
///
/// When there are more matches than are ranked, and mail arrived meanwhile, it may have changed places: then the threads
/// in front of it cannot be told, and rather than hide any of those to come, one may be shown again.
fn in_front_of<'a>(
    tx: &mut dyn Tx,
    grant: Key,
    first: Key,
    walk: impl Fn(usize) -> Walk<'a>,
) -> Result<HashSet<Key>, Refusal> {
    let mut limit = MATCHES_PER_STEP;
    loop {
        let all = walk(limit).run(tx)?;
        let place = all.iter().position(|one| one.message == first);
        if place.is_none() && all.len() == limit {
            limit *= 4;
            continue;
        }
        let in_front = all.iter().take(place.unwrap_or_default());
        let ids: Vec<Key> = in_front.map(|one| one.message).collect();
        let found = threads::of_messages(tx, grant, &ids, None)?;
        return Ok(found.into_iter().map(|(_, head)| head.thread).collect());
    }
}
