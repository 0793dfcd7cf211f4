//! Service accounts are made, listed and revoked, by the server's own command line.

use posthouse_net::request_signing::RequestKey;
use posthouse_store::Tx;
use posthouse_store::tables::service_accounts::{self, ServiceAccount};
use posthouse_types::ids::Kind;
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::names::check_name;
use crate::{Mailroom, Refusal};

/// Service accounts that are listed at most.
const LISTED_MAX: i64 = 1_000;
/// Random bytes of the name of a key.
const KID_BYTES: usize = 16;

/// What a program needs to sign with: the one time that its key is shown.
pub struct KeyFile {
    /// What requests name the key by.
    pub private_key_id: String,
    /// PKCS #8 as PEM.
    pub private_key: Zeroizing<String>,
    /// Public id of the organisation.
    pub organization_id: String,
    /// `us` or `eu`.
    pub region: String,
}

impl KeyFile {
    /// Returns the file as clients read it.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        let file = json!({
            "type": "service_account",
            "private_key_id": self.private_key_id,
            "private_key": *self.private_key,
            "organization_id": self.organization_id,
            "region": self.region,
        });
        Zeroizing::new(format!("{file:#}\n"))
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KeyFile")
            .field("private_key_id", &self.private_key_id)
            .finish_non_exhaustive()
    }
}

/// A service account as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceAccountView {
    /// What requests name its key by.
    pub private_key_id: String,
    /// A name for people.
    pub name: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds since which it is of no use.
    pub revoked_at: Option<i64>,
    /// Unix seconds of its last request, to the minute.
    pub last_used_at: Option<i64>,
}

impl Mailroom {
    /// Makes a service account and returns its key, which nothing shows again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a name that is none; [`Refusal::Unavailable`] when the store is.
    pub async fn create_service_account(&self, name: &str) -> Result<KeyFile, Refusal> {
        check_name("name", name)?;
        let made = self
            .inner
            .tenancy
            .passwords
            .run("keys", RequestKey::generate);
        let key = made.await?.map_err(|error| Refusal::Internal {
            message: error.to_string(),
        })?;
        let row = ServiceAccount {
            id: self.store().new_key(),
            kid: hex::encode(rand::random::<[u8; KID_BYTES]>()),
            name: name.to_owned(),
            public_key: key.public_der,
            created_at: self.now_seconds(),
            revoked_at: None,
            last_used_at: None,
        };
        let kid = row.kid.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| service_accounts::insert(tx, &row))
            .await
            .map_err(Refusal::from)?;
        Ok(KeyFile {
            private_key_id: kid,
            private_key: key.private_pem,
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
            region: self.config().region.clone(),
        })
    }

    /// Returns all service accounts, oldest first, also those that were revoked.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn list_service_accounts(&self) -> Result<Vec<ServiceAccountView>, Refusal> {
        let rows = self
            .store()
            .read(|tx: &mut dyn Tx| service_accounts::all(tx, LISTED_MAX))
            .await
            .map_err(Refusal::from)?;
        let view = |row: ServiceAccount| ServiceAccountView {
            private_key_id: row.kid,
            name: row.name,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Ends a service account: none of its requests is answered from now on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for one that is not there or was revoked before.
    pub async fn revoke_service_account(&self, kid: &str) -> Result<(), Refusal> {
        let (kid, now) = (kid.to_owned(), self.now_seconds());
        let revoked = self
            .store()
            .write(move |tx: &mut dyn Tx| service_accounts::revoke(tx, &kid, now));
        match revoked.await.map_err(Refusal::from)? {
            true => Ok(()),
            false => Err(Refusal::NotFound),
        }
    }
}
