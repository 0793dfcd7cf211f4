//! Accounts are listed.

use posthouse_store::Tx;
use posthouse_store::tables::domains;
use posthouse_store::tables::grants::{self, Filter, SortBy};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::{AccountStatus, AccountView};
use crate::actor::{Actor, Scope};
use crate::connectors::PROVIDER;
use crate::{Mailroom, Refusal};

/// Which accounts a client wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct AccountQuery {
    /// How many at most.
    pub limit: u32,
    /// How many to leave out first.
    pub offset: u32,
    /// Sorted by the last change rather than by creation.
    pub by_update: bool,
    /// Oldest first rather than newest first.
    pub ascending: bool,
    /// Made at this Unix second or later.
    pub since: Option<i64>,
    /// Made at this Unix second or earlier.
    pub before: Option<i64>,
    /// With this address.
    pub email: Option<String>,
    /// In this order.
    pub status: Option<AccountStatus>,
    /// Of this provider.
    pub provider: Option<String>,
    /// In the workspace with this public id.
    pub workspace_id: Option<String>,
}

/// A page of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// In the order that was asked for.
    pub accounts: Vec<AccountView>,
}

impl Mailroom {
    /// Lists the accounts that a key reaches. A condition that nothing can meet gives an empty page.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn list_accounts(
        &self,
        actor: &Actor,
        query: &AccountQuery,
    ) -> Result<AccountPage, Refusal> {
        let empty = AccountPage {
            accounts: Vec::new(),
        };
        let Some(filter) = self.account_filter(actor, query) else {
            return Ok(empty);
        };
        let (mailroom, status) = (self.clone(), query.status);
        self.store()
            .read(move |tx: &mut dyn Tx| {
                let mut filter = filter;
                if let Some(status) = status {
                    let failed = domains::with_failed_ownership(tx)?;
                    filter.at_domains = Some((status == AccountStatus::Invalid, failed));
                }
                let rows = grants::list(tx, &filter)?;
                let accounts = mailroom.view_accounts(tx, &rows)?;
                Ok::<_, Refusal>(AccountPage { accounts })
            })
            .await
    }

    /// Returns the filter for a query, or `None` when nothing can pass it.
    fn account_filter(&self, actor: &Actor, query: &AccountQuery) -> Option<Filter> {
        if query
            .provider
            .as_deref()
            .is_some_and(|provider| provider != PROVIDER)
        {
            return None;
        }
        let email = match query.email.as_deref() {
            Some(text) => Some(EmailAddress::parse_strict(text).ok()?.folded()),
            None => None,
        };
        let mut workspace: Option<Key> = match query.workspace_id.as_deref() {
            Some(id) => Some(self.open_id(Kind::Workspace, id).ok()?),
            None => None,
        };
        let mut grant = None;
        match actor.scope {
            Scope::Application => {}
            Scope::Workspace(own) if workspace.is_none_or(|asked| asked == own) => {
                workspace = Some(own);
            }
            Scope::Workspace(_) => return None,
            Scope::Grant(own) => grant = Some(own),
        }
        Some(Filter {
            application: actor.application,
            workspace,
            grant,
            email,
            since: query.since,
            before: query.before,
            at_domains: None,
            sort: if query.by_update {
                SortBy::UpdatedAt
            } else {
                SortBy::CreatedAt
            },
            ascending: query.ascending,
            limit: i64::from(query.limit),
            offset: i64::from(query.offset),
        })
    }
}
