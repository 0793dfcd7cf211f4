//! As whom a domain's mail leaves: what signs it, and where its bounces come back.

use std::sync::Arc;

use posthouse_net::authentication::Signer;
use posthouse_store::tables::dkim_keys::{self, KeyState};
use posthouse_store::tables::domains;
use posthouse_store::{StoreError, Tx};

use super::limits::{IDENTITIES_CACHED_MAX, IDENTITY_AGE_US_MAX};
use crate::recent::Recent;
use crate::{Mailroom, Refusal};

/// Where bounces of a domain's mail come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnPath {
    /// To `b+<token>@` this domain, which is there for nothing else.
    Feedback(String),
    /// To `bounces+<token>@` this domain, whose mail comes here.
    Domain(String),
    /// To the author's address itself: nothing else is known to come here.
    Plain,
}

/// What is known of a domain as a sender.
#[derive(Clone)]
pub(crate) struct Identity {
    signers: Arc<[Signer]>,
    return_path: ReturnPath,
}

/// Domains as senders, for a moment.
pub(crate) type Identities = Recent<String, Identity>;

/// Makes an empty memory.
pub(crate) fn identities() -> Identities {
    Recent::new(IDENTITY_AGE_US_MAX, IDENTITIES_CACHED_MAX)
}

impl Mailroom {
    /// Returns what signs the mail of a domain: the keys of the registered domain, or of the one above that includes its
    /// subdomains. RSA comes first, Ed25519 follows where it is published. None at all for a domain that is not
    /// registered, is a trial one, or has published no key.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn signers_for(&self, domain: &str) -> Result<Arc<[Signer]>, Refusal> {
        Ok(self.identity(domain).await?.signers)
    }

    /// Returns where bounces of mail from a domain are to come back.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn return_path(&self, from_domain: &str) -> Result<ReturnPath, Refusal> {
        Ok(self.identity(from_domain).await?.return_path)
    }

    /// Forgets what is known of all domains as senders, because one has changed.
    pub(super) fn forget_identities(&self) {
        self.inner.identities.forget(|_, _| true);
    }

    async fn identity(&self, domain: &str) -> Result<Identity, Refusal> {
        let name = domain.to_ascii_lowercase();
        let now_us = self.clock().unix_us();
        if let Some(identity) = self.inner.identities.get(&name, now_us) {
            return Ok(identity);
        }
        let began = self.inner.identities.generation();
        let identity = self.look_identity_up(name.clone()).await?;
        self.inner
            .identities
            .keep(name, identity.clone(), now_us, began);
        Ok(identity)
    }

    async fn look_identity_up(&self, name: String) -> Result<Identity, Refusal> {
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let Some(domain) = domains::covering(tx, &name)? else {
                    return Ok(None);
                };
                let keys = dkim_keys::of_domain(tx, domain.id)?;
                Ok::<_, StoreError>(Some((domain, keys)))
            })
            .await
            .map_err(Refusal::from)?;
        let Some((domain, mut keys)) = found else {
            return Ok(Identity {
                signers: Arc::default(),
                return_path: ReturnPath::Plain,
            });
        };
        keys.retain(|key| key.state == KeyState::Active);
        keys.sort_by_key(|key| key.bits == 0);
        let signers = keys
            .iter()
            .map(|row| {
                Ok(Signer::new(
                    &domain.address,
                    &row.selector,
                    &self.open_key(row)?,
                ))
            })
            .collect::<Result<Arc<[Signer]>, Refusal>>()?;
        let return_path = match (domain.branded, domain.verified) {
            (true, _) => ReturnPath::Plain,
            (_, verified) if verified.feedback => {
                ReturnPath::Feedback(format!("bounce.{}", domain.address))
            }
            (_, verified) if verified.mx => ReturnPath::Domain(domain.address),
            _ => ReturnPath::Plain,
        };
        Ok(Identity {
            signers,
            return_path,
        })
    }
}
