//! Which names need a certificate: the server's own, and `mta-sts.` of each domain whose DNS leads here.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use posthouse_store::tables::{certificates, domains};
use posthouse_store::{StoreError, Tx};

use super::limits::{NAMES_INTERVAL_SECONDS, NAMES_MAX};
use crate::{Mailroom, Refusal};

/// Domains read at once.
const PAGE: i64 = 500;

impl Mailroom {
    /// Sees to it that there is work for every name that needs a certificate, now and then.
    pub(super) async fn look_for_names(&self) -> Result<(), Refusal> {
        let now = self.now_seconds();
        let seen_at = &self.inner.authority.names_seen_at;
        if now - seen_at.load(Ordering::Relaxed) < NAMES_INTERVAL_SECONDS {
            return Ok(());
        }
        let domains = self.domains_of_ours().await?;
        let mut names = vec![self.config().hostname.clone()];
        for domain in &domains {
            let name = format!("mta-sts.{domain}");
            // An authority would come to whoever is there, and count a failure against us.
            if self.leads_here(&name).await {
                names.push(name);
            }
        }
        let due_us = self.clock().unix_us();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                for name in &names {
                    if certificates::want(tx, name, due_us)? {
                        tracing::info!(name, "a certificate will be ordered");
                    }
                }
                forget_lost_domains(tx, &domains)
            })
            .await
            .map_err(Refusal::from)?;
        seen_at.store(now, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the registered domains whose ownership is proven.
    async fn domains_of_ours(&self) -> Result<Vec<String>, Refusal> {
        self.store()
            .read(|tx: &mut dyn Tx| {
                let mut found = Vec::new();
                let mut behind = None;
                loop {
                    let page = domains::page(tx, behind, PAGE)?;
                    let Some(last) = page.last() else {
                        break;
                    };
                    behind = Some(last.id);
                    let ours = |domain: &&domains::RegisteredDomain| {
                        !domain.branded && domain.verified.ownership
                    };
                    found.extend(
                        page.iter()
                            .filter(ours)
                            .map(|domain| domain.address.clone()),
                    );
                    if found.len() >= NAMES_MAX || page.len() < PAGE as usize {
                        break;
                    }
                }
                Ok::<_, StoreError>(found)
            })
            .await
            .map_err(Refusal::from)
    }

    async fn leads_here(&self, name: &str) -> bool {
        let Some(surroundings) = self.surroundings_if_any() else {
            return false;
        };
        let sight = &surroundings.sight;
        let Ok(there) = sight.addresses(name).await else {
            return false;
        };
        let here: Vec<IpAddr> = match surroundings.addresses.as_slice() {
            [] => sight
                .addresses(&self.config().hostname)
                .await
                .unwrap_or_default(),
            told => told.to_vec(),
        };
        there.iter().any(|address| here.contains(address))
    }
}

/// A domain that moved its DNS for a while keeps its certificate; one that is not registered any more does not.
fn forget_lost_domains(tx: &mut dyn Tx, domains: &[String]) -> Result<(), StoreError> {
    for state in certificates::states(tx)? {
        if let Some(domain) = state.name.strip_prefix("mta-sts.")
            && !domains.iter().any(|ours| ours == domain)
        {
            certificates::forget(tx, &state.name)?;
            tracing::info!(name = state.name, "this certificate is not needed any more");
        }
    }
    Ok(())
}
