//! From rows to what listeners show.

use std::sync::PoisonError;

use posthouse_store::tables::certificates;
use posthouse_store::{StoreError, Tx};

use super::authority::Authority;
use super::limits::TOKEN_BYTES_MAX;
use super::order::owner;
use crate::secrets::{self, Purpose};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Lets the listeners show what is stored, also what another process has ordered, and answer what is being asked.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn show_certificates(&self) -> Result<(), Refusal> {
        let Some(authority) = self.authority() else {
            return Ok(());
        };
        self.show_proofs(authority).await?;
        let shown = &self.inner.authority.shown;
        let seen = *shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (sign, rows) = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let sign = certificates::sign_of_all(tx)?;
                let rows = match seen == Some(sign) {
                    true => None,
                    false => Some(certificates::all(tx)?),
                };
                Ok::<_, StoreError>((sign, rows))
            })
            .await
            .map_err(Refusal::from)?;
        let Some(rows) = rows else {
            return Ok(());
        };
        for row in &rows {
            let instance_key = &self.config().instance_key;
            let opened = secrets::open(
                instance_key,
                Purpose::TlsKey,
                owner(&row.name),
                &row.private_key,
            );
            let Ok(key) = opened else {
                tracing::error!(
                    name = row.name,
                    "the key of this certificate cannot be opened: is the instance key another one?"
                );
                continue;
            };
            if let Err(error) = authority.certificates.keep(&row.name, &row.chain, &key) {
                tracing::error!(name = row.name, %error, "this certificate cannot be shown");
            }
        }
        authority
            .certificates
            .retain(|name| rows.iter().any(|row| row.name == name));
        *shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(sign);
        Ok(())
    }

    /// Returns the content of the file that an authority asks for to see whether a name is ours.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when nothing of the sort was asked for, [`Refusal::Unavailable`] when the store is.
    pub async fn answer_challenge(&self, token: &str) -> Result<String, Refusal> {
        if token.len() > TOKEN_BYTES_MAX || self.authority().is_none() {
            return Err(Refusal::NotFound);
        }
        let token = token.to_owned();
        self.store()
            .read(move |tx: &mut dyn Tx| certificates::challenge(tx, &token))
            .await
            .map_err(Refusal::from)?
            .ok_or(Refusal::NotFound)
    }

    pub(super) async fn show_proofs(&self, authority: &Authority) -> Result<(), Refusal> {
        let open = self
            .store()
            .read(certificates::challenges)
            .await
            .map_err(Refusal::from)?;
        if let Err(error) = authority.certificates.prove(&open) {
            tracing::warn!(%error, "a name cannot be proven over TLS");
        }
        Ok(())
    }
}
