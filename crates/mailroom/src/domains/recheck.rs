//! Records that were found are looked at again every day.

use posthouse_store::tables::domain_checks;
use posthouse_store::tables::domains;
use posthouse_store::{StoreError, Tx, leases};

use super::limits::{CHECK_DEADLINE, RECHECK_SECONDS, RECHECKS_PER_STEP_MAX};
use super::records::RecordKind;
use crate::{Mailroom, Refusal};

const LEASE: &str = "domain-checks";

impl Mailroom {
    /// Looks again at records that were found and last looked at a day ago; returns whether more are due. One process
    /// does it at a time; `holder` is its name.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn recheck_domains(&self, holder: &str) -> Result<bool, Refusal> {
        if self.surroundings_if_any().is_none() || !self.may_recheck(holder).await? {
            return Ok(false);
        }
        let before = self.now_seconds() - RECHECK_SECONDS;
        let due = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let due = domain_checks::due(tx, before, RECHECKS_PER_STEP_MAX)?;
                let mut with_domains = Vec::with_capacity(due.len());
                for (id, kind) in due {
                    if let Some(domain) = domains::find(tx, id)? {
                        with_domains.push((domain, kind));
                    }
                }
                Ok::<_, StoreError>(with_domains)
            })
            .await
            .map_err(Refusal::from)?;
        let more = due.len() as i64 == RECHECKS_PER_STEP_MAX;
        for (domain, kind) in due {
            let Some(kind) = RecordKind::from_name(&kind) else {
                continue;
            };
            let keys = self.domain_keys(domain.id).await?;
            match self.check_domain(&domain, kind, keys).await {
                // Removed meanwhile.
                Ok(_) | Err(Refusal::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(more)
    }

    /// Takes the lease for as long as a step can last.
    async fn may_recheck(&self, holder: &str) -> Result<bool, Refusal> {
        let now_us = self.clock().unix_us();
        let step = i64::try_from(CHECK_DEADLINE.as_micros()).unwrap_or(i64::MAX / 1_000);
        let until_us = now_us + step * RECHECKS_PER_STEP_MAX;
        let holder = holder.to_owned();
        let lease = self
            .store()
            .write(move |tx: &mut dyn Tx| leases::acquire(tx, LEASE, &holder, now_us, until_us));
        Ok(lease.await.map_err(Refusal::from)?.is_some())
    }
}
