//! Lists are listed and found.

use posthouse_store::tables::lists::{self, StoredList};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::ListView;
use crate::actor::{Actor, Scope};
use crate::rules::rules_of_workspace;
use crate::{Mailroom, Refusal};

/// A page of lists.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// Newest first.
    pub rows: Vec<ListView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists the lists that a key may see, newest first; `page` is the `next` of an earlier page. A key of a workspace sees
    /// those that the workspace's rules look into.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named, [`Refusal::Forbidden`] for a key of one account.
    pub async fn list_lists(
        &self,
        actor: &Actor,
        limit: u32,
        page: Option<&str>,
    ) -> Result<ListPage, Refusal> {
        if let Scope::Grant(_) = actor.scope {
            return Err(Refusal::Forbidden {
                message: "this API key reaches one account only, and no lists".to_owned(),
            });
        }
        let behind = match page {
            None => None,
            Some(token) => {
                let malformed = |_| Refusal::invalid("page_token", "malformed");
                Some(self.open_id(Kind::List, token).map_err(malformed)?)
            }
        };
        let (mailroom, asking) = (self.clone(), actor.clone());
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let application = asking.application;
                match mailroom.reached_lists(tx, &asking)? {
                    None => lists::page(tx, application, behind, i64::from(limit) + 1),
                    Some(ids) => page_among(tx, application, &ids, behind, limit as usize + 1),
                }
            })
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::List, row.id));
        let views: Result<Vec<ListView>, StoreError> =
            rows.iter().map(|row| self.view_list(row)).collect();
        Ok(ListPage { rows: views?, next })
    }

    /// Returns one list.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_list(&self, actor: &Actor, id: &str) -> Result<ListView, Refusal> {
        let key = self.open_id(Kind::List, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        let row = self
            .store()
            .read(move |tx: &mut dyn Tx| mailroom.find_list(tx, &asking, key))
            .await?;
        Ok(self.view_list(&row)?)
    }

    /// Finds a list that the key may see.
    pub(super) fn find_list(
        &self,
        tx: &mut dyn Tx,
        actor: &Actor,
        id: Key,
    ) -> Result<StoredList, Refusal> {
        if let Some(reached) = self.reached_lists(tx, actor)?
            && !reached.contains(&id)
        {
            return Err(Refusal::NotFound);
        }
        lists::find(tx, actor.application, id)?.ok_or(Refusal::NotFound)
    }

    /// Locks a list that the key may change.
    pub(super) fn lock_list(
        &self,
        tx: &mut dyn Tx,
        actor: &Actor,
        id: Key,
    ) -> Result<StoredList, Refusal> {
        if actor.require_whole_application().is_err() {
            // It may see it, and then learns that it may not change it.
            self.find_list(tx, actor, id)?;
            actor.require_whole_application()?;
        }
        lists::lock(tx, actor.application, id)?.ok_or(Refusal::NotFound)
    }

    /// Returns the only lists that a key may see; `None`: all of its application.
    fn reached_lists(
        &self,
        tx: &mut dyn Tx,
        actor: &Actor,
    ) -> Result<Option<Vec<Key>>, StoreError> {
        let workspace = match actor.scope {
            Scope::Application => return Ok(None),
            Scope::Grant(_) => return Ok(Some(Vec::new())),
            Scope::Workspace(workspace) => workspace,
        };
        let rules = rules_of_workspace(tx, self.store().ids(), actor.application, workspace)?;
        let mut named: Vec<Key> = rules
            .iter()
            .flat_map(|rule| rule.named_lists().map(|named| named.list))
            .collect();
        named.sort_unstable();
        named.dedup();
        Ok(Some(named))
    }
}

/// Returns up to `limit` of those lists that are there, newest first, from behind `behind` on.
fn page_among(
    tx: &mut dyn Tx,
    application: Key,
    ids: &[Key],
    behind: Option<Key>,
    limit: usize,
) -> Result<Vec<StoredList>, StoreError> {
    let mut wanted: Vec<Key> = ids.to_vec();
    wanted.retain(|id| behind.is_none_or(|behind| *id < behind));
    wanted.sort_unstable_by(|one, other| other.cmp(one));
    let mut found = Vec::new();
    // A rule may name lists that are deleted: the page goes on with the next ones.
    for ids in wanted.chunks(limit.max(1)) {
        found.extend(lists::of_keys(tx, application, ids)?);
        if found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}
