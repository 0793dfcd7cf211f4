//! Further addresses of an account: mail to them is stored in it, and it may send as them.

use posthouse_store::Tx;
use posthouse_store::tables::aliases::{self, Alias};
use posthouse_store::tables::{domains, grants};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Key;

use super::domain_of;
use crate::actor::{Actor, GrantRef};
use crate::limits::{ALIASES_MAX, LOCAL_PART_OCTETS_MAX};
use crate::{Mailroom, Refusal};

/// A further address as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasView {
    /// Lower case.
    pub address: String,
    /// Unix seconds.
    pub created_at: i64,
}

impl Mailroom {
    /// Returns the aliases of an account, oldest first.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn list_aliases(&self, grant: &GrantRef) -> Result<Vec<AliasView>, Refusal> {
        let id = grant.grant;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| aliases::of_grant(tx, id));
        Ok(rows
            .await
            .map_err(Refusal::from)?
            .into_iter()
            .map(view)
            .collect())
    }

    /// Gives an account a further address. One that it has already is answered as it is.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for no address, or one too many; [`Refusal::InvalidReference`] for a domain that is not
    /// registered; [`Refusal::Conflict`] for an address of anybody else; [`Refusal::Forbidden`] for a key that reaches a part of the application only.
    pub async fn add_alias(
        &self,
        actor: &Actor,
        grant: &GrantRef,
        address: &str,
    ) -> Result<AliasView, Refusal> {
        actor.require_whole_application()?;
        let alias = Alias {
            address: check_address(address, "address")?,
            grant: grant.grant,
            created_at: self.now_seconds(),
        };
        let application = grant.application;
        let kept = self
            .store()
            .write(move |tx: &mut dyn Tx| add(tx, application, alias, "address"))
            .await?;
        self.inner.recipients.forget(|_, _| true);
        Ok(view(kept))
    }

    /// Takes a further address away from an account.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it has none such; [`Refusal::Forbidden`] for a key that reaches a part of the
    /// application only.
    pub async fn remove_alias(
        &self,
        actor: &Actor,
        grant: &GrantRef,
        address: &str,
    ) -> Result<(), Refusal> {
        let address = EmailAddress::parse_strict(address).map_err(|_| Refusal::NotFound)?;
        let (id, folded) = (grant.grant, address.folded());
        let own = self.list_aliases(grant).await?;
        if own.iter().all(|alias| alias.address != folded) {
            return Err(Refusal::NotFound);
        }
        actor.require_whole_application()?;
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| aliases::delete(tx, id, &folded))
            .await
            .map_err(Refusal::from)?;
        self.inner.recipients.forget(|_, _| true);
        match removed {
            true => Ok(()),
            false => Err(Refusal::NotFound),
        }
    }
}

/// Reads the aliases that a new account is to have, each once; `email` is its own address.
pub(super) fn check_all(texts: &[String], email: &str) -> Result<Vec<String>, Refusal> {
    let mut addresses: Vec<String> = Vec::new();
    for text in texts.iter().take(ALIASES_MAX + 1) {
        let address = check_address(text, OF_ACCOUNT)?;
        if address == email {
            let message = "an account has its own address already";
            return Err(Refusal::invalid(OF_ACCOUNT, message));
        }
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.len() > ALIASES_MAX || texts.len() > ALIASES_MAX {
        return Err(too_many(OF_ACCOUNT));
    }
    Ok(addresses)
}

/// Locks the address of an account and those of its aliases, in one order for everybody.
pub(super) fn lock_all(tx: &mut dyn Tx, email: &str, further: &[String]) -> Result<(), Refusal> {
    let mut all: Vec<&str> = further.iter().map(String::as_str).chain([email]).collect();
    all.sort_unstable();
    for address in all {
        aliases::lock_address(tx, address)?;
    }
    Ok(())
}

/// Gives an account further addresses in the transaction that makes it.
pub(super) fn add_all(
    tx: &mut dyn Tx,
    application: Key,
    grant: Key,
    addresses: &[String],
    now: i64,
) -> Result<(), Refusal> {
    for address in addresses {
        let alias = Alias {
            address: address.clone(),
            grant,
            created_at: now,
        };
        add(tx, application, alias, OF_ACCOUNT)?;
    }
    Ok(())
}

/// Where the aliases of a new account are named.
const OF_ACCOUNT: &str = "settings.aliases";

/// `field` is where the address was named.
fn add(tx: &mut dyn Tx, application: Key, alias: Alias, field: &str) -> Result<Alias, Refusal> {
    aliases::lock_address(tx, &alias.address)?;
    grants::find(tx, application, alias.grant)?.ok_or(Refusal::NotFound)?;
    let name = domain_of(&alias.address);
    domains::covering(tx, name)?
        .filter(|domain| domain.serves(application))
        .ok_or_else(|| Refusal::InvalidReference {
            field: field.to_owned(),
            message: format!("{name} is not registered"),
        })?;
    if grants::by_email(tx, &alias.address)?.is_some() {
        return Err(in_use());
    }
    let own = aliases::of_grant(tx, alias.grant)?;
    if let Some(existing) = own.iter().find(|one| one.address == alias.address) {
        return Ok(existing.clone());
    }
    if own.len() >= ALIASES_MAX {
        return Err(too_many(field));
    }
    match aliases::insert(tx, &alias)? {
        true => Ok(alias),
        false => Err(in_use()),
    }
}

/// The same rules as for the address of an account.
fn check_address(text: &str, field: &str) -> Result<String, Refusal> {
    let wrong = |message: &str| Refusal::invalid(field, message);
    let address = EmailAddress::parse_strict(text).map_err(|error| wrong(&error.to_string()))?;
    let local = address.local();
    if !local.is_ascii() || local.contains('+') {
        return Err(wrong("expected ASCII without + before the @"));
    }
    if local.len() > LOCAL_PART_OCTETS_MAX {
        return Err(wrong("expected at most 64 characters before the @"));
    }
    Ok(address.folded())
}

fn too_many(field: &str) -> Refusal {
    let message = format!("an account may have at most {ALIASES_MAX} aliases");
    Refusal::invalid(field, message)
}

fn in_use() -> Refusal {
    Refusal::Conflict {
        message: "address is already in use".to_owned(),
    }
}

fn view(alias: Alias) -> AliasView {
    AliasView {
        address: alias.address,
        created_at: alias.created_at,
    }
}
