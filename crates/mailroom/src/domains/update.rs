//! Changes of a domain.

use posthouse_store::Tx;
use posthouse_store::tables::domains::{self, RegisteredDomain};
use posthouse_store::tables::grants::{self, GrantName};
use posthouse_types::ids::{Key, Kind};

use super::DomainView;
use super::delete::first_user;
use super::sending;
use super::view::find_domain;
use crate::audit::Object;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What an update says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct DomainChanges {
    /// A name for people.
    pub name: Option<String>,
    /// Public id of the account that gets mail for addresses nobody has; `Some(None)` for none.
    pub catch_all_grant_id: Option<Option<String>>,
    /// Accounts may be at any name below it.
    pub include_subdomains: Option<bool>,
    /// Addresses of this host that its mail leaves from; none: whatever the host chooses.
    pub source_addresses: Option<Vec<String>>,
    /// Recipients of other servers on each day of a warm-up, empty for the default ones; `Some(None)` ends it.
    pub warm_up: Option<Option<Vec<i64>>>,
}

impl Mailroom {
    /// Changes a domain, named by id or address.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`], also when accounts at subdomains would lose their domain;
    /// [`Refusal::InvalidReference`] for an account that cannot take the domain's mail.
    pub async fn update_domain(
        &self,
        name: &str,
        changes: DomainChanges,
    ) -> Result<DomainView, Refusal> {
        let name = self.open_domain(name)?;
        if let Some(new) = &changes.name {
            check_name("name", new)?;
        }
        let catch_all = match &changes.catch_all_grant_id {
            None => None,
            Some(None) => Some(None),
            Some(Some(id)) => Some(Some(
                self.open_id(Kind::Grant, id)
                    .map_err(|_| no_such_account())?,
            )),
        };
        let (mailroom, now) = (self.clone(), self.now_seconds());
        let row = self
            .store()
            .write(move |tx| {
                let before = find_domain(tx, &name)?;
                let mut after = changed(tx, &before, changes, catch_all, now)?;
                if after != before {
                    after.updated_at = now;
                    domains::update(tx, &after)?;
                    let object = Object::Row(Kind::Domain, after.id);
                    mailroom.audit_shared(tx, after.application, "domain.update", object)?;
                }
                Ok::<_, Refusal>(after)
            })
            .await?;
        self.inner.recipients.forget(|_, _| true);
        self.forget_identities();
        Ok(self.view_domain(&row))
    }
}

fn changed(
    tx: &mut dyn Tx,
    before: &RegisteredDomain,
    changes: DomainChanges,
    catch_all: Option<Option<Key>>,
    now: i64,
) -> Result<RegisteredDomain, Refusal> {
    let mut after = before.clone();
    if let Some(name) = changes.name {
        after.name = name;
    }
    if let Some(addresses) = &changes.source_addresses {
        after.source_addresses = sending::source_addresses(addresses)?;
    }
    if let Some(per_day) = changes.warm_up {
        let before = before.warm_up.as_ref();
        let warm_up = per_day.map(|per_day| sending::warm_up(per_day, before, now));
        after.warm_up = warm_up.transpose()?;
    }
    if let Some(grant) = catch_all {
        if let Some(grant) = grant {
            let account = grants::identify(tx, &GrantName::Id(grant))?;
            let fits = account.is_some_and(|account| before.serves(account.application));
            if !fits {
                return Err(no_such_account());
            }
        }
        after.catch_all_grant = grant;
    }
    if let Some(include) = changes.include_subdomains {
        let narrower = before.include_subdomains && !include;
        let user = if narrower {
            first_user(tx, before)?
        } else {
            None
        };
        if user.is_some_and(|domain| domain != before.address) {
            return Err(Refusal::invalid(
                "include_subdomains",
                "accounts at subdomains still use the domain",
            ));
        }
        after.include_subdomains = include;
    }
    Ok(after)
}

fn no_such_account() -> Refusal {
    Refusal::InvalidReference {
        field: "catch_all_grant_id".to_owned(),
        message: "catch_all_grant_id names no account that can take this domain's mail".to_owned(),
    }
}
