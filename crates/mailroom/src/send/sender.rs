//! Who a message is from: the account, under one of its own addresses, on a domain that may send; or the domain itself.

use posthouse_mime::build::Mailbox;
use posthouse_store::tables::aliases;
use posthouse_store::tables::domains::{self, RegisteredDomain, Verified};
use posthouse_store::tables::grants::{self, Grant};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::{DisplayAddress, EmailAddress};
use posthouse_types::ids::Key;

use super::recipients::mailbox;
use crate::actor::GrantRef;
use crate::provision::domain_of;
use crate::{Mailroom, Refusal};

/// Somebody who may send.
pub(crate) trait Authority {
    /// Returns the author as the message is to show it. SMTP-13: the address is one of the sender's own.
    fn author(&self, wanted: Option<&DisplayAddress>) -> Result<Mailbox, Refusal>;

    /// Tells whether an address is one of the sender's own.
    fn owns(&self, address: &EmailAddress) -> bool;

    /// Refuses an address that is not.
    fn not_own(&self, field: &str) -> Refusal;
}

/// An account that may send.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    account: Grant,
    own: EmailAddress,
    aliases: Vec<OwnAlias>,
}

/// A further address that the account may send as, once its domain may.
#[derive(Debug, Clone)]
struct OwnAlias {
    address: String,
    verified: Verified,
}

impl Mailroom {
    /// Returns the account if it may send now.
    ///
    /// # Errors
    /// [`Refusal::Suspended`], [`Refusal::DomainNotVerified`].
    pub(super) async fn sender(&self, grant: &GrantRef) -> Result<Sender, Refusal> {
        let grant = grant.clone();
        let (sender, domain) = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let sender = Sender::find(tx, &grant)?.ok_or(Refusal::NotFound)?;
                let domain = domains::covering(tx, sender.own.domain().as_str())?;
                Ok((sender, domain))
            })
            .await?;
        if sender.account.suspended_inbound.is_some() {
            return Err(Refusal::Suspended);
        }
        let verified = domain.map(|domain| domain.verified).unwrap_or_default();
        check_verified(sender.own.domain().as_str(), verified)?;
        Ok(sender)
    }
}

/// Refuses to send for a domain whose records are not all found.
fn check_verified(domain: &str, verified: Verified) -> Result<(), Refusal> {
    let missing: Vec<&str> = [
        ("ownership", verified.ownership),
        ("dkim", verified.dkim),
        ("spf", verified.spf),
    ]
    .iter()
    .filter(|(_, found)| !found)
    .map(|(record, _)| *record)
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(Refusal::DomainNotVerified {
        message: format!("domain {domain} is not verified: {missing} missing"),
    })
}

impl Sender {
    /// Returns an account as an author, whether it may send or not; `None` when it is gone.
    pub(crate) fn find(tx: &mut dyn Tx, grant: &GrantRef) -> Result<Option<Self>, StoreError> {
        let own = EmailAddress::parse_strict(&grant.email)
            .map_err(|error| StoreError::Fault(format!("an account's address is none: {error}")))?;
        let account = grants::find(tx, grant.application, grant.grant)?;
        let Some(account) = account else {
            return Ok(None);
        };
        let aliases = own_aliases(tx, grant.grant)?;
        Ok(Some(Self {
            account,
            own,
            aliases,
        }))
    }

    /// Returns the workspace that the account is in.
    pub(super) fn workspace(&self) -> Key {
        self.account.workspace
    }

    fn alias(&self, address: &EmailAddress) -> Option<&OwnAlias> {
        let folded = address.folded();
        self.aliases.iter().find(|alias| alias.address == folded)
    }

    /// Returns the account as the author of what says nothing else.
    pub(crate) fn shown(&self) -> DisplayAddress {
        DisplayAddress {
            name: self.account.name.clone(),
            email: self.account.email.clone(),
        }
    }
}

fn own_aliases(tx: &mut dyn Tx, grant: Key) -> Result<Vec<OwnAlias>, StoreError> {
    let aliases = aliases::of_grant(tx, grant)?;
    let names: Vec<&str> = aliases
        .iter()
        .map(|alias| domain_of(&alias.address))
        .collect();
    let covering = domains::covering_each(tx, &names)?;
    let own = aliases
        .iter()
        .zip(covering)
        .map(|(alias, domain)| OwnAlias {
            address: alias.address.clone(),
            verified: domain.map(|domain| domain.verified).unwrap_or_default(),
        });
    Ok(own.collect())
}

impl Authority for Sender {
    fn author(&self, wanted: Option<&DisplayAddress>) -> Result<Mailbox, Refusal> {
        let Some(wanted) = wanted else {
            return Ok(Mailbox {
                name: self.account.name.clone(),
                address: self.own.clone(),
            });
        };
        let mut author = mailbox(wanted, "from[0]")?;
        if !self.owns(&author.address) {
            return Err(self.not_own("from[0].email"));
        }
        if let Some(alias) = self.alias(&author.address) {
            check_verified(author.address.domain().as_str(), alias.verified)?;
        }
        if author.name.trim().is_empty() {
            author.name.clone_from(&self.account.name);
        }
        Ok(author)
    }

    /// Tells whether mail for an address comes to this account by its own right.
    fn owns(&self, address: &EmailAddress) -> bool {
        if address.folded() == self.account.email {
            return true;
        }
        if self.alias(address).is_some() {
            return true;
        }
        let base = format!("{}@{}", address.plus_base(), address.domain()).to_lowercase();
        self.account.plus_addressing && base == self.account.email
    }

    fn not_own(&self, field: &str) -> Refusal {
        Refusal::invalid(field, format!("{field}: not an address of this account"))
            .with_fix("leave `from` out to send as the account")
    }
}

/// A domain that may send by itself, without an account.
#[derive(Debug, Clone)]
pub(super) struct SendingDomain {
    address: String,
}

impl SendingDomain {
    /// Returns the domain as a sender if it may send now.
    pub(super) fn of(domain: &RegisteredDomain) -> Result<Self, Refusal> {
        check_verified(&domain.address, domain.verified)?;
        Ok(Self {
            address: domain.address.clone(),
        })
    }

    /// Returns the domain.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Authority for SendingDomain {
    fn author(&self, wanted: Option<&DisplayAddress>) -> Result<Mailbox, Refusal> {
        let wanted = wanted.ok_or_else(|| Refusal::invalid("from", "from: required"))?;
        let author = mailbox(wanted, "from")?;
        if !self.owns(&author.address) {
            return Err(self.not_own("from.email"));
        }
        Ok(author)
    }

    fn owns(&self, address: &EmailAddress) -> bool {
        address.domain().as_str() == self.address
    }

    fn not_own(&self, field: &str) -> Refusal {
        let message = format!("{field}: not an address on {}", self.address);
        Refusal::invalid(field, message)
    }
}
