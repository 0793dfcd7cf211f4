//! Which addresses reports come to.

use posthouse_store::tables::{dispatched, recipients};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;

use crate::Mailroom;
use crate::outbound::return_path_token;
use crate::receive::{Recipient, RecipientRefusal, Role};

/// An address of the mail host that programs of this server read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportAddress {
    /// Where complaints of feedback loops go.
    Complaints,
    /// Where DMARC records ask for reports to go.
    Dmarc,
    /// Where records of RFC 8460 ask for reports to go.
    Tls,
}

impl ReportAddress {
    fn of(local: &str) -> Option<Self> {
        match local.to_ascii_lowercase().as_str() {
            "complaints" => Some(Self::Complaints),
            "dmarc-reports" => Some(Self::Dmarc),
            "tls-reports" => Some(Self::Tls),
            _ => None,
        }
    }
}

impl Mailroom {
    /// Returns the recipient behind an address that reports come to; `None` for every other address.
    pub(crate) async fn resolve_report_address(
        &self,
        address: &EmailAddress,
    ) -> Result<Option<Recipient>, RecipientRefusal> {
        let host = address.domain().as_str();
        if host == self.config().hostname.to_ascii_lowercase() {
            let Some(found) = ReportAddress::of(address.local()) else {
                return Ok(None);
            };
            // Where the mail host's name is also a domain with accounts, an account of that name comes first.
            let folded = address.folded();
            let taken = self.store().read(move |tx: &mut dyn Tx| {
                let account = recipients::by_email(tx, &folded)?;
                Ok::<_, StoreError>(
                    account.is_some() || recipients::by_alias(tx, &folded)?.is_some(),
                )
            });
            let role = Role::Reports(found);
            let is_free = !taken.await?;
            return Ok(is_free.then(|| Recipient::of_reports(address, role, None)));
        }
        let codec = self.store().ids();
        let Some((row, domain)) = return_path_token::open_address(codec, address.local(), host)
        else {
            return Ok(None);
        };
        let (asked, domain) = (address.clone(), domain.to_owned());
        let found = self.store().read(move |tx: &mut dyn Tx| {
            if recipients::hosting(tx, &domain)?.is_none() {
                return Ok(None);
            }
            let Some((_, grant, _)) = dispatched::behind(tx, row)? else {
                return Ok(None);
            };
            let mailbox = match grant {
                Some(grant) => recipients::by_key(tx, grant)?,
                None => None,
            };
            let role = Role::ReturnPath(row);
            Ok::<_, StoreError>(Some(Recipient::of_reports(&asked, role, mailbox)))
        });
        // What was sent too long ago is nobody's any more.
        let found = found.await?.ok_or(RecipientRefusal::Unknown)?;
        Ok(Some(found))
    }
}
