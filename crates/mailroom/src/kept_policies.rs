//! MTA-STS policies of other domains, kept beyond the process: a restart must not be a moment of weakness.

use posthouse_net::tls_policy::mta_sts::{KeepPolicies, Keeping, KeptPolicy};
use posthouse_store::tables::mta_sts_policies::{self, PolicyRow};
use posthouse_store::{Store, Tx};

/// Keeps policies in the store.
pub struct KeptPolicies {
    store: Store,
}

impl KeptPolicies {
    /// Keeps them in this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl KeepPolicies for KeptPolicies {
    fn load<'a>(&'a self, domain: &'a str) -> Keeping<'a, Option<KeptPolicy>> {
        let domain = domain.to_owned();
        Box::pin(async move {
            let found = self
                .store
                .read(move |tx: &mut dyn Tx| mta_sts_policies::find(tx, &domain))
                .await;
            match found {
                Ok(row) => row.map(|row| KeptPolicy {
                    id: row.id,
                    text: row.document,
                    fetched_at: row.fetched_at,
                }),
                Err(error) => {
                    tracing::warn!("cannot look for a kept MTA-STS policy: {error}");
                    None
                }
            }
        })
    }

    fn keep<'a>(&'a self, domain: &'a str, policy: &'a KeptPolicy) -> Keeping<'a, ()> {
        let domain = domain.to_owned();
        let row = PolicyRow {
            id: policy.id.clone(),
            document: policy.text.clone(),
            fetched_at: policy.fetched_at,
        };
        Box::pin(async move {
            let kept = self
                .store
                .write(move |tx: &mut dyn Tx| mta_sts_policies::keep(tx, &domain, &row))
                .await;
            if let Err(error) = kept {
                tracing::warn!("cannot keep an MTA-STS policy beyond this process: {error}");
            }
        })
    }
}
