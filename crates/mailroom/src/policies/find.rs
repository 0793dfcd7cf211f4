//! Policies are listed and found.

use posthouse_store::tables::policies::{self, PolicyRow};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use super::PolicyView;
use super::view::read_policy;
use crate::actor::{Actor, Scope};
use crate::{Mailroom, Refusal};

/// A page of policies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyPage {
    /// Newest first.
    pub rows: Vec<PolicyView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists policies, newest first; `page` is the `next` of an earlier page. A key of a workspace sees that one's policy.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named, [`Refusal::Forbidden`] for a key of one account.
    pub async fn list_policies(
        &self,
        actor: &Actor,
        limit: u32,
        page: Option<&str>,
    ) -> Result<PolicyPage, Refusal> {
        let behind = match page {
            None => None,
            Some(token) => {
                let malformed = |_| Refusal::invalid("page_token", "malformed");
                Some(self.open_id(Kind::Policy, token).map_err(malformed)?)
            }
        };
        let (application, scope) = (actor.application, actor.scope);
        let mut rows: Vec<PolicyRow> = match scope {
            Scope::Grant(_) => return Err(one_account_only()),
            Scope::Application => self
                .store()
                .read(move |tx: &mut dyn Tx| {
                    policies::list(tx, application, behind, i64::from(limit) + 1)
                })
                .await
                .map_err(Refusal::from)?,
            Scope::Workspace(workspace) => self
                .store()
                .read(move |tx: &mut dyn Tx| {
                    let own = policies::of_workspace(tx, application, workspace)?;
                    let is_behind = |row: &PolicyRow| behind.is_none_or(|behind| row.id < behind);
                    Ok::<_, StoreError>(own.into_iter().filter(is_behind).collect())
                })
                .await
                .map_err(Refusal::from)?,
        };
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::Policy, row.id));
        let views: Result<Vec<PolicyView>, Refusal> = rows
            .iter()
            .map(|row| Ok(self.view_policy(row, &read_policy(&row.document)?)))
            .collect();
        Ok(PolicyPage { rows: views?, next })
    }

    /// Returns one policy.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also outside what the key reaches.
    pub async fn get_policy(&self, actor: &Actor, id: &str) -> Result<PolicyView, Refusal> {
        let (key, application) = (self.open_id(Kind::Policy, id)?, actor.application);
        let scope = actor.scope;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| match scope {
                Scope::Application => policies::find(tx, application, key),
                Scope::Workspace(workspace) => {
                    let own = policies::of_workspace(tx, application, workspace)?;
                    Ok(own.filter(|row| row.id == key))
                }
                Scope::Grant(_) => Ok(None),
            })
            .await
            .map_err(Refusal::from)?;
        let row = found.ok_or(Refusal::NotFound)?;
        Ok(self.view_policy(&row, &read_policy(&row.document)?))
    }
}

fn one_account_only() -> Refusal {
    Refusal::Forbidden {
        message: "this API key reaches one account only, and no policies".to_owned(),
    }
}
