//! One step of looking after certificates.

use posthouse_net::acme::{AcmeError, Issued};
use posthouse_store::tables::certificates::{self, CertificateRow, ClaimedOrder};
use posthouse_store::{StoreError, Tx};

use super::authority::Authority;
use super::limits::{CLAIM_US, ERROR_BYTES_MAX, NONCE_ATTEMPTS_MAX, RETRY_PAUSES_SECONDS};
use super::order::OrderFailure;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Orders what is due, one name after the other, and returns when the next is, in microseconds of the clock. Several
    /// processes may do it at once. Does nothing where no authority was named.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn tend_certificates(&self) -> Result<Option<i64>, Refusal> {
        let Some(authority) = self.authority() else {
            return Ok(None);
        };
        self.look_for_names().await?;
        let now_us = self.clock().unix_us();
        // Looking is cheaper than claiming, and most of the time nothing is due.
        let next_us = self.next_due_certificate().await?;
        if next_us.is_none_or(|next| next > now_us) {
            self.show_certificates().await?;
            return Ok(next_us);
        }
        let claimed = self
            .store()
            .write(move |tx: &mut dyn Tx| certificates::claim(tx, now_us, now_us + CLAIM_US))
            .await
            .map_err(Refusal::from)?;
        if let Some(claim) = claimed {
            self.work_on(authority, claim).await?;
        }
        self.show_certificates().await?;
        self.next_due_certificate().await
    }

    async fn next_due_certificate(&self) -> Result<Option<i64>, Refusal> {
        let next = self.store().read(certificates::next_due);
        next.await.map_err(Refusal::from)
    }

    /// Makes work that a former process of this data directory had claimed due again. To be called at the start; does nothing
    /// on a shared database, where claims run out by themselves.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn recover_certificates(&self) -> Result<u64, Refusal> {
        let now_us = self.clock().unix_us();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                if tx.dialect().is_embedded() {
                    certificates::release_all(tx, now_us)
                } else {
                    Ok(0)
                }
            })
            .await
            .map_err(Refusal::from)
    }

    async fn work_on(&self, authority: &Authority, mut claim: ClaimedOrder) -> Result<(), Refusal> {
        let mut outcome = self.order_certificate(authority, &mut claim).await;
        for _ in 1..NONCE_ATTEMPTS_MAX {
            if !matches!(outcome, Err(OrderFailure::Acme(AcmeError::Nonce))) {
                break;
            }
            // The order itself is as good as before.
            outcome = self.order_certificate(authority, &mut claim).await;
        }
        match outcome {
            Ok((issued, sealed_key)) => self.store_certificate(claim, issued, sealed_key).await,
            Err(OrderFailure::Refusal(refusal)) => Err(refusal),
            Err(OrderFailure::Acme(error)) => {
                if matches!(error, AcmeError::NoAccount) {
                    self.drop_account(&authority.directory).await?;
                }
                self.put_off(claim, &error).await
            }
        }
    }

    async fn store_certificate(
        &self,
        claim: ClaimedOrder,
        issued: Issued,
        sealed_key: Vec<u8>,
    ) -> Result<(), Refusal> {
        let renew_at = renew_at(issued.issued_at, issued.expires_at);
        let row = CertificateRow {
            name: claim.name.clone(),
            chain: issued.chain,
            private_key: sealed_key,
            issued_at: issued.issued_at,
            expires_at: issued.expires_at,
            stored_at: self.now_seconds(),
        };
        let (name, expires_at) = (row.name.clone(), row.expires_at);
        let is_ours = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                // A claim that ran out is somebody else's work by now, and theirs is the newer certificate.
                let is_ours = certificates::close(tx, &claim, renew_at * 1_000_000, "")?;
                if is_ours {
                    certificates::put(tx, &row)?;
                }
                Ok::<_, StoreError>(is_ours)
            })
            .await
            .map_err(Refusal::from)?;
        if is_ours {
            metrics::counter!("posthouse_tls_certificate_orders_total", "outcome" => "issued")
                .increment(1);
            tracing::info!(name, expires_at, renew_at, "a certificate was issued");
        }
        Ok(())
    }

    async fn put_off(&self, claim: ClaimedOrder, error: &AcmeError) -> Result<(), Refusal> {
        let pause = pause_after(claim.failures);
        let due_us = self.clock().unix_us() + pause * 1_000_000;
        let mut text = error.to_string();
        text.truncate(text.floor_char_boundary(ERROR_BYTES_MAX));
        metrics::counter!("posthouse_tls_certificate_orders_total", "outcome" => "failed")
            .increment(1);
        tracing::warn!(
            name = claim.name,
            failures = claim.failures + 1,
            retry_in_seconds = pause,
            "no certificate for {}: {text}",
            claim.name
        );
        self.store()
            .write(move |tx: &mut dyn Tx| certificates::close(tx, &claim, due_us, &text))
            .await
            .map(drop)
            .map_err(Refusal::from)
    }
}

/// Two thirds of the lifetime, so that a third is left for whatever goes wrong.
fn renew_at(issued_at: i64, expires_at: i64) -> i64 {
    issued_at + (expires_at - issued_at) / 3 * 2
}

fn pause_after(failures: i64) -> i64 {
    let last = RETRY_PAUSES_SECONDS.len() - 1;
    let step = usize::try_from(failures).unwrap_or(last).min(last);
    RETRY_PAUSES_SECONDS[step]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_is_due_with_a_third_of_the_life_left_and_pauses_grow_to_a_day() {
        assert_eq!(renew_at(0, 90 * 86_400), 60 * 86_400);
        let pauses: Vec<i64> = (0..9).map(pause_after).collect();
        assert!(pauses.is_sorted());
        assert_eq!((pauses[0], pauses[8]), (60, 86_400));
    }
}
