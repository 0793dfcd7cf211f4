//! A domain is registered.

use posthouse_store::tables::applications;
use posthouse_store::tables::domains::{self, RegisteredDomain, Verified};
use posthouse_types::domain::Domain;
use posthouse_types::ids::{Key, Kind};

use super::DomainView;
use crate::actor::Actor;
use crate::audit::Object;
use crate::bootstrap::trial_domain_row;
use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// What an operator asks for.
#[derive(Debug, Clone, Default)]
pub struct NewDomain {
    /// A name for people.
    pub name: String,
    /// The domain in any spelling.
    pub domain_address: String,
    /// Which application may create accounts on it.
    pub owner: DomainOwner,
    /// Accounts may be at any name below it.
    pub include_subdomains: bool,
}

/// Which application may create accounts on a domain.
#[derive(Debug, Clone, Default)]
pub enum DomainOwner {
    /// The one of the key that registers it; all of them for a service account.
    #[default]
    Own,
    /// All of them.
    Everyone,
    /// The one with this public id.
    Application(String),
}

impl Mailroom {
    /// Registers a domain. One label below the trial domain makes a trial domain, verified at once.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], also for a domain that is registered already; [`Refusal::InvalidReference`] for an
    /// application that does not exist.
    pub async fn register_domain(
        &self,
        actor: &Actor,
        new: NewDomain,
    ) -> Result<DomainView, Refusal> {
        check_name("name", &new.name)?;
        let domain = Domain::parse(&new.domain_address)
            .map_err(|error| Refusal::invalid("domain_address", error.to_string()))?;
        if new.domain_address.ends_with('.') {
            return Err(Refusal::invalid(
                "domain_address",
                "expected a domain without a trailing dot",
            ));
        }
        let owner = match &new.owner {
            DomainOwner::Own if actor.is_service_account => None,
            DomainOwner::Own => Some(actor.application),
            DomainOwner::Everyone => None,
            DomainOwner::Application(id) => Some(
                self.open_id(Kind::Application, id)
                    .map_err(|_| no_such_application())?,
            ),
        };
        let row = self.new_row(&new, &domain, owner)?;
        let (mailroom, kept) = (self.clone(), row.clone());
        let registered = self
            .store()
            .write(move |tx| {
                if let Some(owner) = owner {
                    applications::find(tx, owner)?.ok_or_else(no_such_application)?;
                }
                let is_new = domains::insert(tx, &kept)?;
                if is_new {
                    let object = Object::Row(Kind::Domain, kept.id);
                    mailroom.audit_shared(tx, owner, "domain.create", object)?;
                }
                Ok::<_, Refusal>(is_new)
            })
            .await?;
        if !registered {
            return Err(Refusal::invalid("domain_address", "is registered already"));
        }
        Ok(self.view_domain(&row))
    }

    fn new_row(
        &self,
        new: &NewDomain,
        domain: &Domain,
        owner: Option<Key>,
    ) -> Result<RegisteredDomain, Refusal> {
        let (id, now) = (self.store().new_key(), self.now_seconds());
        if let Some(base) = self.trial_base()?.filter(|base| domain.is_within(base)) {
            check_trial_label(&new.domain_address, domain, &base)?;
            return Ok(RegisteredDomain {
                application: owner,
                include_subdomains: new.include_subdomains,
                ..trial_domain_row(id, domain.as_str(), &new.name, now)
            });
        }
        Ok(RegisteredDomain {
            id,
            address: domain.as_str().to_owned(),
            name: new.name.clone(),
            application: owner,
            branded: false,
            include_subdomains: new.include_subdomains,
            catch_all_grant: None,
            verified: Verified::default(),
            last_checked_at: None,
            created_at: now,
            updated_at: now,
            ownership_checked_at: None,
            source_addresses: Vec::new(),
            warm_up: None,
        })
    }
}

/// A trial domain is the base or one label below it, written in letters, digits and hyphens as it is.
fn check_trial_label(given: &str, domain: &Domain, base: &Domain) -> Result<(), Refusal> {
    let one_label = match domain.as_str().strip_suffix(base.as_str()) {
        Some("") => true,
        Some(rest) => rest.matches('.').count() == 1,
        None => false,
    };
    if one_label && given.is_ascii() {
        return Ok(());
    }
    Err(Refusal::invalid(
        "domain_address",
        format!("a trial domain is one label of letters, digits and hyphens below {base}"),
    ))
}

fn no_such_application() -> Refusal {
    Refusal::InvalidReference {
        field: "application_id".to_owned(),
        message: "application_id names no application".to_owned(),
    }
}
