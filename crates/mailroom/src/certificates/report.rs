//! How it stands with certificates, for `/readyz` and operators.

use posthouse_store::tables::certificates;
use posthouse_store::{StoreError, Tx};

use super::limits::NEARLY_OVER_SECONDS;
use crate::{Mailroom, Refusal};

/// How it stands with one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateReport {
    /// The name.
    pub name: String,
    /// Unix seconds at which its certificate runs out; `None` while it has none.
    pub expires_at: Option<i64>,
    /// Failures in a row to get one.
    pub failures: i64,
    /// What the last failure was; empty without.
    pub error: String,
    /// It has none, or one that is over or nearly so.
    pub is_urgent: bool,
}

impl Mailroom {
    /// Returns how it stands with every name; nothing where no authority was named.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn certificate_reports(&self) -> Result<Vec<CertificateReport>, Refusal> {
        if self.authority().is_none() {
            return Ok(Vec::new());
        }
        let now = self.now_seconds();
        self.store()
            .read(move |tx: &mut dyn Tx| {
                let rows = certificates::all(tx)?;
                let states = certificates::states(tx)?;
                let report = |state: certificates::OrderState| {
                    let row = rows.iter().find(|row| row.name == state.name);
                    let expires_at = row.map(|row| row.expires_at);
                    CertificateReport {
                        expires_at,
                        failures: state.failures,
                        error: state.error,
                        is_urgent: expires_at.is_none_or(|ends| ends - now < NEARLY_OVER_SECONDS),
                        name: state.name,
                    }
                };
                Ok::<_, StoreError>(states.into_iter().map(report).collect())
            })
            .await
            .map_err(Refusal::from)
    }
}
