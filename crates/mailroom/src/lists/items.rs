//! What lists hold.

use std::collections::HashSet;

use posthouse_rules::list::ListType;
use posthouse_store::Tx;
use posthouse_store::tables::lists::{self, ListItem, StoredList};
use posthouse_types::ids::Kind;

use super::ListView;
use super::view::type_of;
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::limits::{LIST_ITEMS_MAX, LIST_ITEMS_PER_CALL_MAX};
use crate::{Mailroom, Refusal};

/// An item of a list as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemView {
    /// Public id.
    pub id: String,
    /// Public id of its list.
    pub list_id: String,
    /// Its one spelling.
    pub value: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// A page of items.
#[derive(Debug, Clone, Default)]
pub struct ItemPage {
    /// Newest first.
    pub rows: Vec<ItemView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists what a list holds, newest first; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a page that no earlier one named.
    pub async fn list_items(
        &self,
        actor: &Actor,
        id: &str,
        limit: u32,
        page: Option<&str>,
    ) -> Result<ItemPage, Refusal> {
        let key = self.open_id(Kind::List, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        let behind = page.map(|token| self.open_id(Kind::ListItem, token));
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                mailroom.find_list(tx, &asking, key)?;
                // After it is known that there is such a list: else its absence could be told from what is wrong.
                let behind = behind
                    .transpose()
                    .map_err(|_| Refusal::invalid("page_token", "malformed"))?;
                Ok::<_, Refusal>(lists::items(tx, key, behind, i64::from(limit) + 1)?)
            })
            .await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::ListItem, row.id));
        let list_id = self.public_id(Kind::List, key);
        let view = |row: ListItem| ItemView {
            id: self.public_id(Kind::ListItem, row.id),
            list_id: list_id.clone(),
            created_at: row.created_at,
            value: row.value,
        };
        Ok(ItemPage {
            rows: rows.into_iter().map(view).collect(),
            next,
        })
    }

    /// Adds items, all of them or none; those that it has are ignored.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] that names the first entry which is not of the list's type, and when the
    /// list would hold too many; [`Refusal::Forbidden`].
    pub async fn add_list_items(
        &self,
        actor: &Actor,
        id: &str,
        items: Vec<String>,
    ) -> Result<ListView, Refusal> {
        let key = self.open_id(Kind::List, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let list = mailroom.lock_list(tx, &asking, key)?;
                let values = checked(type_of(&list)?, &items)?;
                let now = mailroom.now_seconds();
                let new_key = || mailroom.store().new_key();
                let added = lists::add_items(tx, key, &values, now, new_key)?;
                if list.items_count + added > LIST_ITEMS_MAX {
                    let message = "a list holds at most one million items";
                    return Err(Refusal::invalid("items", message));
                }
                mailroom.counted(tx, list, added)
            })
            .await
    }

    /// Removes items; those that the list has not are ignored.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for too few or too many; [`Refusal::Forbidden`].
    pub async fn remove_list_items(
        &self,
        actor: &Actor,
        id: &str,
        items: Vec<String>,
    ) -> Result<ListView, Refusal> {
        let key = self.open_id(Kind::List, id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let list = mailroom.lock_list(tx, &asking, key)?;
                check_number(&items)?;
                let kind = type_of(&list)?;
                // What is not of the type cannot be in the list.
                let values: HashSet<String> = items
                    .iter()
                    .filter_map(|item| kind.canonical(item).ok())
                    .collect();
                let values: Vec<String> = values.into_iter().collect();
                let now = mailroom.now_seconds();
                let removed = lists::remove_items(tx, key, &values, now)?;
                mailroom.counted(tx, list, -removed)
            })
            .await
    }

    /// Notes down a change of so many items, and returns the list after it.
    fn counted(&self, tx: &mut dyn Tx, list: StoredList, change: i64) -> Result<ListView, Refusal> {
        let mut list = list;
        if change == 0 {
            return Ok(self.view_list(&list)?);
        }
        list.items_count += change;
        list.updated_at = self.now_seconds();
        let (action, count) = match change > 0 {
            true => ("list.items_add", change),
            false => ("list.items_remove", -change),
        };
        let entry = AuditEntry {
            reason: &format!("{count} items"),
            ..AuditEntry::done(list.application, action, Object::Row(Kind::List, list.id))
        };
        self.audit(tx, &entry)?;
        Ok(self.view_list(&list)?)
    }
}

fn check_number(items: &[String]) -> Result<(), Refusal> {
    if items.is_empty() || items.len() > LIST_ITEMS_PER_CALL_MAX {
        let message = format!("expected 1 to {LIST_ITEMS_PER_CALL_MAX} items");
        return Err(Refusal::invalid("items", message));
    }
    Ok(())
}

/// Brings items into their one spelling, each once.
fn checked(kind: ListType, items: &[String]) -> Result<Vec<String>, Refusal> {
    check_number(items)?;
    let mut seen = HashSet::with_capacity(items.len());
    let mut values = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let value = kind
            .canonical(item)
            .map_err(|why| Refusal::invalid(format!("items[{place}]"), why))?;
        if seen.insert(value.clone()) {
            values.push(value);
        }
    }
    Ok(values)
}
