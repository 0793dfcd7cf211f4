//! Rules are listed and found.

use posthouse_rules::rule::Rule;
use posthouse_store::tables::rules::{self, StoredRule};
use posthouse_store::tables::workspaces;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::RuleView;
use super::view::read;
use crate::actor::{Actor, Scope};
use crate::{Mailroom, Refusal};

/// A page of rules.
#[derive(Debug, Clone, Default)]
pub struct RulePage {
    /// Newest first.
    pub rows: Vec<RuleView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists the rules that a key may see, newest first; `page` is the `next` of an earlier page. A key of a workspace sees
    /// those that the workspace lists.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named, [`Refusal::Forbidden`] for a key of one account.
    pub async fn list_rules(
        &self,
        actor: &Actor,
        limit: u32,
        page: Option<&str>,
    ) -> Result<RulePage, Refusal> {
        if let Scope::Grant(_) = actor.scope {
            return Err(Refusal::Forbidden {
                message: "this API key reaches one account only, and no rules".to_owned(),
            });
        }
        let behind = match page {
            None => None,
            Some(token) => {
                let malformed = |_| Refusal::invalid("page_token", "malformed");
                Some(self.open_id(Kind::Rule, token).map_err(malformed)?)
            }
        };
        let asking = actor.clone();
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let (application, wanted) = (asking.application, i64::from(limit) + 1);
                let Some(ids) = reached_rules(tx, &asking)? else {
                    return rules::page(tx, application, behind, wanted);
                };
                // No more than a workspace can list.
                let mut rows = rules::of_keys(tx, application, &ids)?;
                rows.retain(|row| behind.is_none_or(|behind| row.id < behind));
                rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
                Ok::<_, StoreError>(rows)
            })
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::Rule, row.id));
        let views: Result<Vec<RuleView>, StoreError> =
            rows.iter().map(|row| self.view_rule(row)).collect();
        Ok(RulePage { rows: views?, next })
    }

    /// Returns one rule.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_rule(&self, actor: &Actor, id: &str) -> Result<RuleView, Refusal> {
        let key = self.open_id(Kind::Rule, id)?;
        let asking = actor.clone();
        let row = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                check_reach(tx, &asking, key)?;
                rules::find(tx, asking.application, key)?.ok_or(Refusal::NotFound)
            })
            .await?;
        Ok(self.view_rule(&row)?)
    }

    /// Locks a rule that the key may change.
    pub(super) fn lock_rule(
        &self,
        tx: &mut dyn Tx,
        actor: &Actor,
        id: Key,
    ) -> Result<StoredRule, Refusal> {
        // Whoever may not see it learns nothing more; whoever may see it learns that it may not be changed.
        check_reach(tx, actor, id)?;
        actor.require_whole_application()?;
        rules::lock(tx, actor.application, id)?.ok_or(Refusal::NotFound)
    }
}

fn check_reach(tx: &mut dyn Tx, actor: &Actor, id: Key) -> Result<(), Refusal> {
    match reached_rules(tx, actor)? {
        Some(ids) if !ids.contains(&id) => Err(Refusal::NotFound),
        _ => Ok(()),
    }
}

/// Returns the only rules that a key may see; `None`: all of its application.
fn reached_rules(tx: &mut dyn Tx, actor: &Actor) -> Result<Option<Vec<Key>>, StoreError> {
    let workspace = match actor.scope {
        Scope::Application => return Ok(None),
        Scope::Grant(_) => return Ok(Some(Vec::new())),
        Scope::Workspace(workspace) => workspace,
    };
    let found = workspaces::find(tx, actor.application, workspace)?;
    Ok(Some(found.map(|row| row.rules).unwrap_or_default()))
}

/// Reads the rules that a workspace lists.
pub(crate) fn rules_of_workspace(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    application: Key,
    workspace: Key,
) -> Result<Vec<Rule>, StoreError> {
    let Some(workspace) = workspaces::find(tx, application, workspace)? else {
        return Ok(Vec::new());
    };
    let rows = rules::of_keys(tx, application, &workspace.rules)?;
    rows.iter().map(|row| read(row, codec)).collect()
}
