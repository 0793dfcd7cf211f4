//! Whom a message is for: the look-ups behind RCPT.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::{Row, Tx};

/// An account as a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The application that owns the account.
    pub application: Key,
    /// The account.
    pub grant: Key,
    /// Its Inbox.
    pub inbox: Key,
    /// Its address, lower case.
    pub email: String,
    /// Takes mail for `local+anything` as well.
    pub plus_addressing: bool,
    /// What happens to mail while it is suspended: `accept`, `defer` or `reject`; `None` when it is not.
    pub suspended_inbound: Option<String>,
}

/// A registered domain as a recipient's domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedDomain {
    /// Its address, an A-label.
    pub address: String,
    /// Accounts may be at any subdomain of it.
    pub include_subdomains: bool,
    /// The account that takes what nobody else does.
    pub catch_all: Option<Key>,
}

const MAILBOX: &str =
    "SELECT g.application_id, g.id, f.id, g.email, g.plus_addressing, g.suspended_inbound
     FROM grants g JOIN folders f ON f.grant_id = g.id AND f.role = 1";

fn read_mailbox(row: &dyn Row) -> Result<Mailbox, StoreError> {
    Ok(Mailbox {
        application: row.key(0)?,
        grant: row.key(1)?,
        inbox: row.key(2)?,
        email: row.string(3)?,
        plus_addressing: row.flag(4)?,
        suspended_inbound: row.opt_string(5)?,
    })
}

/// Returns the account with a lower-case address.
pub fn by_email(tx: &mut dyn Tx, email: &str) -> Result<Option<Mailbox>, StoreError> {
    tx.query_opt(
        &format!("{MAILBOX} WHERE g.email = $1"),
        &[email.into()],
        read_mailbox,
    )
}

/// Returns the account that has a lower-case address as an alias.
pub fn by_alias(tx: &mut dyn Tx, address: &str) -> Result<Option<Mailbox>, StoreError> {
    tx.query_opt(
        &format!("{MAILBOX} JOIN aliases a ON a.grant_id = g.id WHERE a.address = $1"),
        &[address.into()],
        read_mailbox,
    )
}

/// Returns an account by its key.
pub fn by_key(tx: &mut dyn Tx, grant: Key) -> Result<Option<Mailbox>, StoreError> {
    tx.query_opt(
        &format!("{MAILBOX} WHERE g.id = $1"),
        &[grant.into()],
        read_mailbox,
    )
}

/// Returns the registered domain that hosts `domain` (an A-label): itself, or the nearest parent with subdomains.
pub fn hosting(tx: &mut dyn Tx, domain: &str) -> Result<Option<HostedDomain>, StoreError> {
    let mut name = domain;
    loop {
        let found = tx.query_opt(
            "SELECT address, include_subdomains, catch_all_grant_id FROM domains WHERE address = $1",
            &[name.into()],
            |row| Ok(HostedDomain { address: row.string(0)?, include_subdomains: row.flag(1)?, catch_all: row.opt_key(2)? }),
        )?;
        if let Some(found) = found.filter(|found| name == domain || found.include_subdomains) {
            return Ok(Some(found));
        }
        // A domain has at most 127 labels, so this ends.
        let Some((_, parent)) = name.split_once('.') else {
            return Ok(None);
        };
        name = parent;
    }
}
