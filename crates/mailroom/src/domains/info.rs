//! What a domain's owner publishes: one kind of record at a time, or all as a zone.

use posthouse_store::Tx;
use posthouse_store::tables::dkim_keys::DkimKeyRow;
use posthouse_store::tables::domain_checks::{self, CheckStatus, DomainCheck};
use posthouse_store::tables::domains::RegisteredDomain;
use posthouse_types::ids::Kind;

use super::keys::check_bits;
use super::limits::ATTEMPT_SECONDS;
use super::records::{DnsRecord, Plan, RecordKind};
use super::view::find_domain;
use super::zone;
use crate::secrets;
use crate::{Mailroom, Refusal};

/// One kind of record: what to publish, and how it stands.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Public id of the domain.
    pub domain_id: String,
    /// The domain as A-labels.
    pub domain_address: String,
    /// What it is about.
    pub kind: RecordKind,
    /// What to publish; the record that decides comes first.
    pub records: Vec<DnsRecord>,
    /// How it stands.
    pub status: CheckStatus,
    /// What should be there, and what was found, for people.
    pub message: String,
    /// What was found last; empty for nothing, `None` when nobody has looked yet.
    pub found: Option<String>,
    /// Unix seconds of the last look.
    pub checked_at: Option<i64>,
    /// Unix seconds of the first look, or now.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
}

/// All records of a domain.
#[derive(Debug, Clone)]
pub struct Zone {
    /// One by one.
    pub records: Vec<DnsRecord>,
    /// As a zone file.
    pub text: String,
}

impl Mailroom {
    /// Returns what to publish for one kind of record.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for an unknown kind or length of key.
    pub async fn domain_info(
        &self,
        name: &str,
        kind: &str,
        key_length: Option<i64>,
    ) -> Result<Verification, Refusal> {
        let (domain, kind) = self.named_domain(name, kind).await?;
        if domain.branded {
            return self.trial_verification(&domain, kind).await;
        }
        self.keys_for(&domain, kind, key_length).await?;
        let checks = self.domain_checks(&domain).await?;
        let check = checks.iter().find(|check| check.kind == looked_for(kind));
        self.verification(&domain, kind, check).await
    }

    /// Returns all records of a domain, and the zone that they make.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn domain_zone(&self, name: &str) -> Result<Zone, Refusal> {
        let domain = self.registered_domain(name).await?;
        let keys = self.ensure_keys(domain.id, None).await?;
        let plan = self.plan(&domain, keys);
        Ok(Zone {
            records: plan.all(),
            text: zone::write(&plan),
        })
    }

    /// Makes a new pair of keys beside the one that signs, which goes on until the new one is found in DNS. Returns what
    /// to publish.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a trial domain.
    pub async fn rotate_domain_keys(&self, name: &str) -> Result<Verification, Refusal> {
        let domain = self.registered_domain(name).await?;
        if domain.branded {
            return Err(Refusal::Invalid {
                field: None,
                message: "a trial domain has no keys: its mail never leaves the server".to_owned(),
                fix: None,
            });
        }
        self.add_keys(domain.id).await?;
        let mut verification = self.verification(&domain, RecordKind::Dkim, None).await?;
        verification.message = "Publish the new records beside the old ones, then call verify; the old key signs until then.".to_owned();
        Ok(verification)
    }

    pub(super) async fn registered_domain(&self, name: &str) -> Result<RegisteredDomain, Refusal> {
        let name = self.open_domain(name)?;
        self.store()
            .read(move |tx: &mut dyn Tx| find_domain(tx, &name))
            .await
    }

    pub(super) async fn named_domain(
        &self,
        name: &str,
        kind: &str,
    ) -> Result<(RegisteredDomain, RecordKind), Refusal> {
        let domain = self.registered_domain(name).await?;
        let known = RecordKind::ALL.map(RecordKind::name).join(", ");
        let kind = RecordKind::from_name(kind)
            .ok_or_else(|| Refusal::invalid("type", format!("expected one of {known}")))?;
        Ok((domain, kind))
    }

    /// Makes keys where they are asked about, and returns them where they are needed.
    pub(super) async fn keys_for(
        &self,
        domain: &RegisteredDomain,
        kind: RecordKind,
        key_length: Option<i64>,
    ) -> Result<Vec<DkimKeyRow>, Refusal> {
        let bits = key_length.map(check_bits).transpose()?;
        match kind {
            RecordKind::Dkim | RecordKind::Arc => self.ensure_keys(domain.id, bits).await,
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn plan(&self, domain: &RegisteredDomain, keys: Vec<DkimKeyRow>) -> Plan {
        let surroundings = self.surroundings_if_any();
        Plan {
            domain: domain.address.clone(),
            mail_host: self.config().hostname.clone(),
            addresses: surroundings.map_or_else(Vec::new, |one| one.addresses.clone()),
            sources: domain.source_addresses.clone(),
            token: secrets::ownership_token(&self.config().instance_key, domain.id),
            spf_include: surroundings.and_then(|one| one.spf_include.clone()),
            include_subdomains: domain.include_subdomains,
            mta_sts_mode: self.mta_sts_mode(),
            keys,
            now: self.now_seconds(),
        }
    }

    pub(super) async fn verification(
        &self,
        domain: &RegisteredDomain,
        kind: RecordKind,
        check: Option<&DomainCheck>,
    ) -> Result<Verification, Refusal> {
        let keys = self.domain_keys(domain.id).await?;
        let plan = self.plan(domain, keys);
        let created_at = check.map_or(plan.now, |check| check.created_at);
        let unseen = match kind {
            RecordKind::Arc => "Nothing to publish: it follows from dkim.",
            _ => "Publish these records, then call verify.",
        };
        Ok(Verification {
            domain_id: self.public_id(Kind::Domain, domain.id),
            domain_address: domain.address.clone(),
            kind,
            records: plan.records(kind),
            status: check.map_or(CheckStatus::Pending, |check| check.status),
            message: check.map_or_else(|| unseen.to_owned(), |check| check.message.clone()),
            found: check.map(|check| check.found.clone()),
            checked_at: check.map(|check| check.checked_at),
            created_at,
            expires_at: created_at + ATTEMPT_SECONDS,
        })
    }

    /// Mail of a trial domain never leaves the server, so there is nothing to find.
    pub(super) async fn trial_verification(
        &self,
        domain: &RegisteredDomain,
        kind: RecordKind,
    ) -> Result<Verification, Refusal> {
        let mut verification = self.verification(domain, kind, None).await?;
        verification.records.clear();
        verification.status = CheckStatus::Done;
        verification.message = "A trial domain needs no records.".to_owned();
        Ok(verification)
    }

    async fn domain_checks(&self, domain: &RegisteredDomain) -> Result<Vec<DomainCheck>, Refusal> {
        let id = domain.id;
        let checks = self
            .store()
            .read(move |tx: &mut dyn Tx| domain_checks::of_domain(tx, id));
        checks.await.map_err(Refusal::from)
    }
}

/// The kind under which a look is kept.
fn looked_for(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Arc => RecordKind::Dkim.name(),
        other => other.name(),
    }
}
