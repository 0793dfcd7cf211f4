//! Domains as they are shown: for operators, whatever application they belong to.

use posthouse_store::Tx;
use posthouse_store::tables::domains::{self, RegisteredDomain, Verified};
use posthouse_types::domain::Domain;
use posthouse_types::ids::{Key, Kind};

use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// A domain as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainView {
    /// Public id.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// The domain as A-labels.
    pub domain_address: String,
    /// A trial domain of this server.
    pub branded: bool,
    /// Public id of the organisation.
    pub organization_id: String,
    /// `us` or `eu`.
    pub region: String,
    /// Public id of the one application that may create accounts on it; `None` for all.
    pub application_id: Option<String>,
    /// Public id of the account that gets mail for addresses nobody has.
    pub catch_all_grant_id: Option<String>,
    /// Accounts may be at any name below it.
    pub include_subdomains: bool,
    /// The registrant controls the domain.
    pub verified_ownership: bool,
    /// Mail for the domain comes to this server.
    pub verified_mx: bool,
    /// This server may send for the domain.
    pub verified_spf: bool,
    /// Our signing key is published.
    pub verified_dkim: bool,
    /// Bounces come to this server.
    pub verified_feedback: bool,
    /// The domain has a DMARC policy.
    pub verified_dmarc: bool,
    /// Follows from the signing key.
    pub verified_arc: bool,
    /// Mail may be sent from it.
    pub sending_ready: bool,
    /// Addresses of this host that its mail leaves from; none: whatever the host chooses.
    pub source_addresses: Vec<String>,
    /// How it begins to send.
    pub warm_up: Option<WarmUpView>,
    /// Unix seconds of the last look into DNS.
    pub last_checked_at: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// How much a domain sends while receivers get to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmUpView {
    /// Recipients of other servers on each day.
    pub per_day: Vec<i64>,
    /// Unix seconds; its day is the first one.
    pub started_at: i64,
}

/// A page of domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainPage {
    /// Oldest first.
    pub domains: Vec<DomainView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

/// How a client names a domain.
#[derive(Debug, Clone)]
pub(crate) enum DomainName {
    Id(Key),
    Address(String),
}

impl Mailroom {
    /// Lists the organisation's domains, oldest first; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named.
    pub async fn list_domains(
        &self,
        limit: u32,
        page: Option<&str>,
    ) -> Result<DomainPage, Refusal> {
        // The position is the id of the last domain seen: sealed like every id, so it cannot be made up.
        let behind = match page {
            Some(token) => Some(
                self.open_id(Kind::Domain, token)
                    .map_err(|_| Refusal::invalid("page_token", "malformed"))?,
            ),
            None => None,
        };
        let one_more = i64::from(limit) + 1;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| domains::page(tx, behind, one_more))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() as i64 == one_more;
        if more {
            rows.pop();
        }
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::Domain, row.id));
        let domains = rows.iter().map(|row| self.view_domain(row)).collect();
        Ok(DomainPage { domains, next })
    }

    /// Returns a domain, by id or by its name in any spelling.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_domain(&self, name: &str) -> Result<DomainView, Refusal> {
        let name = self.open_domain(name)?;
        let row = self
            .store()
            .read(move |tx: &mut dyn Tx| find_domain(tx, &name))
            .await?;
        Ok(self.view_domain(&row))
    }

    /// Tells whether the key's application can have accounts at a domain: it, or a domain above it, is registered. One
    /// that belongs to another application looks as if it were not.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn is_registered_domain(
        &self,
        actor: &Actor,
        domain: &Domain,
    ) -> Result<bool, Refusal> {
        let (name, application) = (domain.as_str().to_owned(), actor.application);
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| domains::covering(tx, &name))
            .await
            .map_err(Refusal::from)?;
        Ok(found.is_some_and(|row| row.serves(application)))
    }

    pub(crate) fn open_domain(&self, name: &str) -> Result<DomainName, Refusal> {
        if let Ok(key) = self.open_id(Kind::Domain, name) {
            return Ok(DomainName::Id(key));
        }
        let domain = Domain::parse(name).map_err(|_| Refusal::NotFound)?;
        Ok(DomainName::Address(domain.as_str().to_owned()))
    }

    pub(crate) fn view_domain(&self, row: &RegisteredDomain) -> DomainView {
        let Verified {
            ownership,
            mx,
            spf,
            dkim,
            feedback,
            dmarc,
            arc,
        } = row.verified;
        DomainView {
            id: self.public_id(Kind::Domain, row.id),
            name: row.name.clone(),
            domain_address: row.address.clone(),
            branded: row.branded,
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            region: self.config().region.clone(),
            application_id: row
                .application
                .map(|key| self.public_id(Kind::Application, key)),
            catch_all_grant_id: row
                .catch_all_grant
                .map(|key| self.public_id(Kind::Grant, key)),
            include_subdomains: row.include_subdomains,
            verified_ownership: ownership,
            verified_mx: mx,
            verified_spf: spf,
            verified_dkim: dkim,
            verified_feedback: feedback,
            verified_dmarc: dmarc,
            verified_arc: arc,
            sending_ready: ownership && dkim && spf,
            source_addresses: row
                .source_addresses
                .iter()
                .map(ToString::to_string)
                .collect(),
            warm_up: row.warm_up.as_ref().map(|warm_up| WarmUpView {
                per_day: warm_up.per_day.clone(),
                started_at: warm_up.started_at,
            }),
            last_checked_at: row.last_checked_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

pub(crate) fn find_domain(tx: &mut dyn Tx, name: &DomainName) -> Result<RegisteredDomain, Refusal> {
    let found = match name {
        DomainName::Id(id) => domains::find(tx, *id)?,
        DomainName::Address(address) => domains::by_address(tx, address)?,
    };
    found.ok_or(Refusal::NotFound)
}
