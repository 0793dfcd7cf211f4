//! A domain's records are looked at, now or by the clock, and what was found is kept.

use posthouse_store::Tx;
use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::applications;
use posthouse_store::tables::dkim_keys::{self, DkimKeyRow, KeyState};
use posthouse_store::tables::domain_checks::{self, CheckStatus, DomainCheck};
use posthouse_store::tables::domains::{self, RegisteredDomain, Verified};
use posthouse_types::ids::Key;
use serde_json::json;

use super::check::{self, Finding, KeySeen};
use super::info::Verification;
use super::limits::CHECK_DEADLINE;
use super::records::RecordKind;
use super::settle;
use crate::{Mailroom, Refusal};

/// Why nothing is known: said to the caller, and kept.
const SILENCE: &str = "The name servers did not answer in time; try again.";

impl Mailroom {
    /// Looks for one kind of record of a domain in DNS, past every cache, and keeps the outcome.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for an unknown kind; [`Refusal::RateLimited`]. That the record is not
    /// there is no error.
    pub async fn verify_domain(
        &self,
        name: &str,
        kind: &str,
        key_length: Option<i64>,
    ) -> Result<Verification, Refusal> {
        let (domain, kind) = self.named_domain(name, kind).await?;
        if domain.branded {
            return self.trial_verification(&domain, kind).await;
        }
        self.inner.pace.count(domain.id, self.clock().unix_us())?;
        let keys = self.keys_for(&domain, kind, key_length).await?;
        let (check, status) = self.check_domain(&domain, kind, keys).await?;
        let mut verification = self.verification(&domain, kind, Some(&check)).await?;
        verification.status = status;
        Ok(verification)
    }

    /// Looks for one kind of record, and settles what follows from it. Returns what is kept, and how the look came out.
    pub(super) async fn check_domain(
        &self,
        domain: &RegisteredDomain,
        kind: RecordKind,
        keys: Vec<DkimKeyRow>,
    ) -> Result<(DomainCheck, CheckStatus), Refusal> {
        // ARC has no record of its own: what holds for the key holds for it.
        let looked_for = match kind {
            RecordKind::Arc => RecordKind::Dkim,
            other => other,
        };
        let surroundings = self.surroundings()?;
        let plan = self.plan(domain, keys);
        let look = check::look(&plan, looked_for, &*surroundings.sight);
        let finding = match tokio::time::timeout(CHECK_DEADLINE, look).await {
            Ok(Ok(finding)) => Ok(finding),
            Ok(Err(error)) => Err(format!("Nobody can tell now: {error}.")),
            Err(_) => Err(SILENCE.to_owned()),
        };
        let now_us = self.clock().unix_us();
        let id = domain.id;
        let status = finding
            .as_ref()
            .map_or(CheckStatus::Pending, |finding| finding.status);
        let kept = self
            .store()
            .write(move |tx: &mut dyn Tx| settle_in(tx, id, looked_for, &finding, now_us))
            .await?;
        self.forget_identities();
        metrics::counter!("posthouse_mailroom_domain_checks_total", "status" => status.name())
            .increment(1);
        Ok((kept, status))
    }
}

/// Keeps the outcome, lets keys sign or stop, and tells whom it concerns, in one transaction.
fn settle_in(
    tx: &mut dyn Tx,
    id: Key,
    kind: RecordKind,
    finding: &Result<Finding, String>,
    now_us: i64,
) -> Result<DomainCheck, Refusal> {
    let now = now_us / 1_000_000;
    let domain = domains::lock(tx, id)?.ok_or(Refusal::NotFound)?;
    let checks = domain_checks::of_domain(tx, id)?;
    let before = checks.iter().find(|check| check.kind == kind.name());
    let after = match finding {
        Ok(finding) => settle::after(before, kind, finding, now),
        Err(message) => settle::after_silence(before, kind, message, now),
    };
    domain_checks::put(tx, id, &after)?;
    if let Ok(finding) = finding {
        move_keys(tx, id, &finding.keys, now)?;
    }
    let counted = before.is_some_and(DomainCheck::counts);
    let verified = with(domain.verified, kind, after.counts());
    domains::set_verified(tx, id, verified, now)?;
    if counted != after.counts() {
        announce(tx, &domain, kind, after.counts(), now_us)?;
    }
    Ok(after)
}

/// A key signs once its record is found. A new RSA key that is found takes the place of all keys before it; an Ed25519
/// key that is not found stops to sign, which takes nothing from a message that RSA signs too.
fn move_keys(
    tx: &mut dyn Tx,
    domain: Key,
    seen: &[(Key, KeySeen)],
    now: i64,
) -> Result<(), Refusal> {
    let keys = dkim_keys::of_domain(tx, domain)?;
    let seen_of = |id: Key| {
        seen.iter()
            .find(|(one, _)| *one == id)
            .map(|(_, what)| *what)
    };
    for key in &keys {
        match (key.state, seen_of(key.id)) {
            (KeyState::Pending, Some(KeySeen::Published)) => {
                dkim_keys::activate(tx, key.id, now)?;
            }
            (KeyState::Active, Some(KeySeen::Absent | KeySeen::Different)) if key.bits == 0 => {
                dkim_keys::suspend(tx, key.id)?;
            }
            _ => {}
        }
    }
    let published_rsa = |key: &&DkimKeyRow| {
        let is_living = key.state != KeyState::Retired;
        is_living && key.bits > 0 && seen_of(key.id) == Some(KeySeen::Published)
    };
    let Some(newest) = keys.iter().rev().find(published_rsa) else {
        return Ok(());
    };
    let former = |key: &&DkimKeyRow| key.id < newest.id && key.state != KeyState::Retired;
    for key in keys.iter().filter(former) {
        dkim_keys::retire(tx, key.id, now)?;
    }
    Ok(())
}

fn with(mut verified: Verified, kind: RecordKind, counts: bool) -> Verified {
    match kind {
        RecordKind::Ownership => verified.ownership = counts,
        RecordKind::Mx => verified.mx = counts,
        RecordKind::Spf => verified.spf = counts,
        RecordKind::Dkim | RecordKind::Arc => {
            verified.dkim = counts;
            verified.arc = counts;
        }
        RecordKind::Feedback => verified.feedback = counts,
        RecordKind::Dmarc => verified.dmarc = counts,
        RecordKind::TlsRpt | RecordKind::MtaSts => {}
    }
    verified
}

/// Tells every application that can have accounts on the domain.
fn announce(
    tx: &mut dyn Tx,
    domain: &RegisteredDomain,
    kind: RecordKind,
    verified: bool,
    now_us: i64,
) -> Result<(), Refusal> {
    let concerned: Vec<Key> = match domain.application {
        Some(owner) => vec![owner],
        None => applications::all(tx)?.iter().map(|one| one.id).collect(),
    };
    let data = json!({ "domain_address": domain.address, "type": kind.name() }).to_string();
    for application in concerned {
        let change = NewChange {
            application,
            grant: None,
            kind: match verified {
                true => ChangeKind::DomainVerified,
                false => ChangeKind::DomainUnverified,
            },
            object: domain.id,
            at_us: now_us,
            data: Some(&data),
        };
        changes::append(tx, &change)?;
    }
    tracing::info!(
        domain.kind = kind.name(),
        domain.verified = verified,
        "a record of a domain {}",
        if verified { "was found" } else { "is missing" }
    );
    Ok(())
}
