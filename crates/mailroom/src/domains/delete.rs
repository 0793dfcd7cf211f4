//! A domain is given up.

use posthouse_store::Tx;
use posthouse_store::tables::domains::{self, RegisteredDomain};
use posthouse_store::tables::{aliases, grants};
use posthouse_types::ids::Kind;

use super::view::find_domain;
use crate::audit::Object;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Removes a domain that no account uses, named by id or address.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] while accounts use it.
    pub async fn delete_domain(&self, name: &str) -> Result<(), Refusal> {
        let (mailroom, name) = (self.clone(), self.open_domain(name)?);
        let deleted = self
            .store()
            .write(move |tx| {
                let domain = find_domain(tx, &name)?;
                if users(tx, &domain)?.next().is_some() {
                    return Err(Refusal::Invalid {
                        field: None,
                        message: "accounts still use the domain".to_owned(),
                        fix: Some("delete its accounts and aliases first".to_owned()),
                    });
                }
                let object = Object::Row(Kind::Domain, domain.id);
                mailroom.audit_shared(tx, domain.application, "domain.delete", object)?;
                Ok::<_, Refusal>(domains::delete(tx, domain.id)?)
            })
            .await;
        self.inner.recipients.forget(|_, _| true);
        self.forget_identities();
        deleted
    }
}

/// Returns the domains at which accounts are because this one is registered.
fn users(
    tx: &mut dyn Tx,
    domain: &RegisteredDomain,
) -> Result<impl Iterator<Item = String>, Refusal> {
    let mut used = grants::domains_in_use(tx, &domain.address)?;
    used.extend(aliases::domains_in_use(tx, &domain.address)?);
    let names: Vec<&str> = used.iter().map(String::as_str).collect();
    let covering = domains::covering_each(tx, &names)?;
    let id = domain.id;
    Ok(used
        .into_iter()
        .zip(covering)
        .filter(move |(_, cover)| cover.as_ref().is_some_and(|cover| cover.id == id))
        .map(|(name, _)| name))
}

/// Returns the name below a domain, else the domain itself, at which accounts are because it is registered.
pub(super) fn first_user(
    tx: &mut dyn Tx,
    domain: &RegisteredDomain,
) -> Result<Option<String>, Refusal> {
    let mut users: Vec<String> = users(tx, domain)?.collect();
    users.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
    Ok(users.into_iter().next())
}
