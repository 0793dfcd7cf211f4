//! Whom a message is for: RCPT resolved to an account.

use posthouse_store::StoreError;
use posthouse_store::Tx;
use posthouse_store::tables::recipients::{self, HostedDomain, Mailbox};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Key;

use crate::Mailroom;
use crate::govern::Asked;
use crate::operator::is_operators;
use crate::recent::Recent;
use crate::reports::ReportAddress;

/// For how long a found recipient is taken as still there. The store checks again when the message is stored.
const RECIPIENT_AGE_US_MAX: i64 = 2_000_000;
/// Found recipients kept at most.
const RECIPIENTS_CACHED_MAX: usize = 16_384;

/// Stands for the account behind an address that has none; keys are positive.
const NOBODY: Key = Key(0);

/// An account that a message is to be stored for, and the address it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub(crate) application: Key,
    pub(crate) grant: Key,
    pub(crate) inbox: Key,
    /// The account's own address, lower case.
    pub(crate) email: String,
    /// The address as the peer gave it: an alias or a plus form of the account's.
    pub(crate) delivered_to: EmailAddress,
    /// Further addresses of the same account that the peer gave for one message.
    pub(crate) also: Vec<EmailAddress>,
    /// What the address is there for.
    pub(crate) role: Role,
    /// What held for the account at RCPT, once that was asked.
    pub(crate) standing: Asked,
}

/// What an address of this server is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// An account's mail.
    Mailbox,
    /// Reports about a message, named by the row that its mail had in the queue; other mail goes to its sender.
    ReturnPath(Key),
    /// Reports to the operator.
    Reports(ReportAddress),
    /// Mail to whoever looks after this server, who reads it elsewhere.
    Operator,
}

impl Recipient {
    /// Tells whether both stand for one mailbox, whatever address was used.
    #[must_use]
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        self.grant == other.grant && self.role == other.role
    }

    /// Takes over the address of another recipient that is the same mailbox: rules see all of them.
    pub fn join(&mut self, other: Self) {
        let is_known = self.addresses().any(|known| *known == other.delivered_to);
        if !is_known {
            self.also.push(other.delivered_to);
        }
    }

    /// Returns every address that the message is delivered to here.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &EmailAddress> {
        std::iter::once(&self.delivered_to).chain(&self.also)
    }

    /// Returns an address behind which the operator is.
    fn of_operator(address: &EmailAddress) -> Self {
        Self::of_reports(address, Role::Operator, None)
    }

    /// Returns an address that reports come to; `mailbox` is its sender's, if that is still there.
    pub(crate) fn of_reports(address: &EmailAddress, role: Role, mailbox: Option<Mailbox>) -> Self {
        let mailbox = mailbox.filter(|mailbox| mailbox.suspended_inbound.is_none());
        let mut recipient = Self {
            application: NOBODY,
            grant: NOBODY,
            inbox: NOBODY,
            email: String::new(),
            delivered_to: address.clone(),
            also: Vec::new(),
            role,
            standing: Asked::default(),
        };
        if let Some(mailbox) = mailbox {
            recipient.application = mailbox.application;
            recipient.grant = mailbox.grant;
            recipient.inbox = mailbox.inbox;
            recipient.email = mailbox.email;
        }
        recipient
    }

    /// Tells whether an account gets mail for this address.
    pub(crate) fn has_mailbox(&self) -> bool {
        self.grant != NOBODY
    }
}

/// Why an address is not a recipient here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientRefusal {
    /// The domain is ours, the mailbox does not exist.
    #[error("no such mailbox")]
    Unknown,
    /// The domain is not ours.
    #[error("not a domain of this server")]
    Relay,
    /// The account is suspended and refuses mail.
    #[error("mailbox is disabled")]
    Disabled,
    /// The account is suspended and wants mail later.
    #[error("mailbox is suspended for now")]
    Deferred,
    /// A rule of the account refuses mail from the sender.
    #[error("a rule refuses mail from this sender")]
    Blocked,
    /// The account has received what it may today.
    #[error("the mailbox receives no more today")]
    OverDailyLimit,
    /// The account has no room for it.
    #[error("the mailbox is full")]
    MailboxFull,
    /// The message is larger than the account takes.
    #[error("message is larger than the mailbox accepts")]
    TooLarge,
    /// The store cannot answer now.
    #[error("cannot look the mailbox up now")]
    Unavailable,
}

impl From<StoreError> for RecipientRefusal {
    fn from(error: StoreError) -> Self {
        tracing::error!("cannot look a recipient up: {error}");
        Self::Unavailable
    }
}

impl Mailroom {
    /// Resolves an envelope recipient: exact account, then an alias, then the operator for `postmaster@` and `abuse@`, then the
    /// base of a plus form, then the domain's catch-all.
    ///
    /// # Errors
    /// See [`RecipientRefusal`].
    pub async fn resolve_recipient(
        &self,
        address: &EmailAddress,
    ) -> Result<Recipient, RecipientRefusal> {
        if let Some(found) = self.resolve_report_address(address).await? {
            return Ok(found);
        }
        let folded = address.folded();
        let now_us = self.clock().unix_us();
        if let Some(mailbox) = self.inner.recipients.get(&folded, now_us) {
            return recipient(mailbox, address);
        }
        let began = self.inner.recipients.generation();
        let search = Search {
            address: address.clone(),
            operator: self.operator().filter(|_| is_operators(address)).cloned(),
            hostname: self.config().hostname.to_ascii_lowercase(),
        };
        let found = self.store().read(move |tx| search.look_up(tx)).await?;
        let Some(mailbox) = found else {
            return Ok(Recipient::of_operator(address));
        };
        self.inner
            .recipients
            .keep(folded, mailbox.clone(), now_us, began);
        recipient(mailbox, address)
    }
}

fn recipient(mailbox: Mailbox, address: &EmailAddress) -> Result<Recipient, RecipientRefusal> {
    match mailbox.suspended_inbound.as_deref() {
        Some("reject") => Err(RecipientRefusal::Disabled),
        Some("defer") => Err(RecipientRefusal::Deferred),
        _ => Ok(Recipient {
            application: mailbox.application,
            grant: mailbox.grant,
            inbox: mailbox.inbox,
            email: mailbox.email,
            delivered_to: address.clone(),
            also: Vec::new(),
            role: Role::Mailbox,
            standing: Asked::default(),
        }),
    }
}

/// A look-up of an address.
struct Search {
    address: EmailAddress,
    /// Who gets mail for it when no account does.
    operator: Option<EmailAddress>,
    /// The mail host, in lower case: RFC 5321 4.5.1 wants its postmaster reached, too.
    hostname: String,
}

impl Search {
    /// Returns the mailbox behind the address; `None` for the operator, where that one reads mail elsewhere.
    fn look_up(&self, tx: &mut dyn Tx) -> Result<Option<Mailbox>, RecipientRefusal> {
        let address = &self.address;
        if let Some(mailbox) = recipients::by_email(tx, &address.folded())? {
            return Ok(Some(mailbox));
        }
        let domain = recipients::hosting(tx, address.domain().as_str())?;
        if domain.is_none()
            && (self.operator.is_none() || address.domain().as_str() != self.hostname)
        {
            return Err(RecipientRefusal::Relay);
        }
        if let Some(mailbox) = recipients::by_alias(tx, &address.folded())? {
            return Ok(Some(mailbox));
        }
        if let Some(operator) = &self.operator {
            return self.look_operator_up(tx, operator);
        }
        if let Some(mailbox) = plus_base(tx, address)? {
            return Ok(Some(mailbox));
        }
        let mailbox = match &domain {
            Some(domain) => catch_all(tx, domain)?,
            None => None,
        };
        mailbox.map(Some).ok_or(RecipientRefusal::Unknown)
    }

    fn look_operator_up(
        &self,
        tx: &mut dyn Tx,
        operator: &EmailAddress,
    ) -> Result<Option<Mailbox>, RecipientRefusal> {
        if recipients::hosting(tx, operator.domain().as_str())?.is_none() {
            return Ok(None);
        }
        let here = Self {
            address: operator.clone(),
            operator: None,
            hostname: self.hostname.clone(),
        };
        // Mail for the operator waits at its senders rather than to be lost.
        here.look_up(tx).map_err(|refusal| match refusal {
            RecipientRefusal::Unknown => {
                tracing::error!(
                    "--operator-email is at a domain of this server and no account has it"
                );
                RecipientRefusal::Deferred
            }
            other => other,
        })
    }
}

fn plus_base(tx: &mut dyn Tx, address: &EmailAddress) -> Result<Option<Mailbox>, StoreError> {
    let base = address.plus_base();
    if base.len() == address.local().len() {
        return Ok(None);
    }
    let email = format!("{base}@{}", address.domain().as_str()).to_lowercase();
    let mailbox = match recipients::by_email(tx, &email)? {
        None => recipients::by_alias(tx, &email)?,
        account => account,
    };
    Ok(mailbox.filter(|mailbox| mailbox.plus_addressing))
}

fn catch_all(tx: &mut dyn Tx, domain: &HostedDomain) -> Result<Option<Mailbox>, StoreError> {
    match domain.catch_all {
        Some(grant) => recipients::by_key(tx, grant),
        None => Ok(None),
    }
}

/// Recipients found a moment ago, so that a busy sender costs no look-up per message.
///
/// Only found ones are kept: an account that was just created is never refused.
pub(crate) type RecipientCache = Recent<String, Mailbox>;

/// Makes an empty cache.
pub(crate) fn recipient_cache() -> RecipientCache {
    Recent::new(RECIPIENT_AGE_US_MAX, RECIPIENTS_CACHED_MAX)
}
