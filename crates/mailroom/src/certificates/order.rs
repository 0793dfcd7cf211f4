//! One order: from the beginning, or from where a former process left it.

use posthouse_net::acme::{AcmeAccount, AcmeError, AcmeOrder, Issued, Proof, new_key};
use posthouse_store::Tx;
use posthouse_store::tables::certificates::{self, ClaimedOrder};
use posthouse_types::ids::Key;
use sha2::{Digest, Sha256};

use super::authority::Authority;
use crate::secrets::{self, Purpose};
use crate::{Mailroom, Refusal};

/// Why an order did not end with a certificate.
pub(super) enum OrderFailure {
    /// The authority, or the way to it.
    Acme(AcmeError),
    /// Our own store.
    Refusal(Refusal),
}

impl From<AcmeError> for OrderFailure {
    fn from(error: AcmeError) -> Self {
        Self::Acme(error)
    }
}

impl From<Refusal> for OrderFailure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl Mailroom {
    /// Gets a certificate for the claimed name; returns it with its sealed key.
    pub(super) async fn order_certificate(
        &self,
        authority: &Authority,
        claim: &mut ClaimedOrder,
    ) -> Result<(Issued, Vec<u8>), OrderFailure> {
        let account = self.account_at(authority).await?;
        let (mut order, sealed_key) = self.open_order(&account, claim).await?;
        if !order.is_proven() {
            self.prove(authority, claim, &mut order).await?;
        }
        let key = secrets::open(
            &self.config().instance_key,
            Purpose::TlsKey,
            owner(&claim.name),
            &sealed_key,
        )?;
        let issued = order.finish(&claim.name, &key).await?;
        Ok((issued, sealed_key))
    }

    /// Takes our account up again, or opens one.
    async fn account_at(&self, authority: &Authority) -> Result<AcmeAccount, OrderFailure> {
        let directory = authority.directory.clone();
        let kept = self
            .store()
            .read(move |tx: &mut dyn Tx| certificates::account(tx, &directory))
            .await
            .map_err(Refusal::from)?;
        let directory = &authority.directory;
        let instance_key = &self.config().instance_key;
        if let Some(sealed) = kept {
            let purpose = Purpose::AcmeAccount;
            let credentials = secrets::open(instance_key, purpose, owner(directory), &sealed)?;
            return Ok(AcmeAccount::restore(&authority.client, &credentials).await?);
        }
        let (account, credentials) =
            AcmeAccount::open(&authority.client, directory, &authority.contact).await?;
        let sealed = secrets::seal(
            instance_key,
            Purpose::AcmeAccount,
            owner(directory),
            &credentials,
        )?;
        let (directory, now) = (directory.clone(), self.now_seconds());
        self.store()
            .write(move |tx: &mut dyn Tx| certificates::keep_account(tx, &directory, &sealed, now))
            .await
            .map_err(Refusal::from)?;
        Ok(account)
    }

    pub(super) async fn drop_account(&self, directory: &str) -> Result<(), Refusal> {
        let directory = directory.to_owned();
        self.store()
            .write(move |tx: &mut dyn Tx| certificates::drop_account(tx, &directory))
            .await
            .map_err(Refusal::from)
    }

    /// Goes on with the open order, or opens one and notes it before anything is done for it.
    async fn open_order(
        &self,
        account: &AcmeAccount,
        claim: &mut ClaimedOrder,
    ) -> Result<(AcmeOrder, Vec<u8>), OrderFailure> {
        if let (Some(url), Some(sealed_key)) = (&claim.url, &claim.private_key) {
            if let Some(order) = account.resume(url).await? {
                tracing::info!(
                    name = claim.name,
                    "going on with an order that was left open"
                );
                return Ok((order, sealed_key.clone()));
            }
            tracing::info!(
                name = claim.name,
                "the order that was left open is lost, beginning again"
            );
        }
        let order = account.begin(&claim.name).await?;
        let sealed_key = secrets::seal(
            &self.config().instance_key,
            Purpose::TlsKey,
            owner(&claim.name),
            &new_key()?,
        )?;
        claim.url = Some(order.url().to_owned());
        claim.private_key = Some(sealed_key.clone());
        let (noted, url, key) = (claim.clone(), order.url().to_owned(), sealed_key.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| certificates::opened(tx, &noted, &url, &key))
            .await
            .map_err(Refusal::from)?;
        Ok((order, sealed_key))
    }

    /// Puts the answer up for the authority and lets it come.
    async fn prove(
        &self,
        authority: &Authority,
        claim: &ClaimedOrder,
        order: &mut AcmeOrder,
    ) -> Result<(), OrderFailure> {
        let proof = way(&authority.proofs, claim.failures)?;
        let Some(challenge) = order.challenge(proof).await? else {
            return Ok(());
        };
        let (name, now) = (claim.name.clone(), self.now_seconds());
        let (token, answer) = (challenge.token, challenge.key_authorization);
        self.store()
            .write(move |tx: &mut dyn Tx| {
                certificates::put_challenge(tx, &token, &name, &answer, now)
            })
            .await
            .map_err(Refusal::from)?;
        self.show_proofs(authority).await?;
        tracing::info!(
            name = claim.name,
            ?proof,
            "the certificate authority is asked to come and look"
        );
        Ok(order.prove(proof).await?)
    }
}

/// The preferred way first; after each failure the next one.
fn way(proofs: &[Proof], failures: i64) -> Result<Proof, AcmeError> {
    let count = i64::try_from(proofs.len()).unwrap_or(1).max(1);
    let index = usize::try_from(failures.rem_euclid(count)).unwrap_or(0);
    proofs.get(index).copied().ok_or_else(|| {
        AcmeError::Unusable("names cannot be proven: neither --http nor --https is on".to_owned())
    })
}

/// What a sealed key belongs to: keys are numbers, so a name becomes one.
pub(super) fn owner(name: &str) -> Key {
    let digest = Sha256::digest(name.as_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&digest[..8]);
    Key(i64::from_be_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_take_turns_and_without_any_the_operator_is_told() {
        let both = [Proof::TlsAlpn, Proof::Http];
        let ways: Vec<Proof> = (0..4)
            .map(|failures| way(&both, failures).unwrap())
            .collect();
        assert_eq!(
            ways,
            [Proof::TlsAlpn, Proof::Http, Proof::TlsAlpn, Proof::Http]
        );
        assert_eq!(way(&[Proof::Http], 5).unwrap(), Proof::Http);
        assert!(way(&[], 0).is_err());
    }
}
