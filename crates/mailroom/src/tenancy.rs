//! What the tenancy use cases share in one process: what they remember, and where passwords are hashed.

use posthouse_store::tables::grants::{GrantName, Identity};
use posthouse_types::ids::Key;

use crate::api_keys::{KeyDigest, KnownKey};
use crate::limits::{ACCOUNT_AGE_US_MAX, ACCOUNTS_CACHED_MAX, KEY_AGE_US_MAX, KEYS_CACHED_MAX};
use crate::passwords::PasswordPool;
use crate::recent::Recent;

/// The shared state of the tenancy use cases.
#[derive(Debug)]
pub(crate) struct Tenancy {
    /// API keys that were shown a moment ago.
    pub(crate) keys: Recent<KeyDigest, KnownKey>,
    /// Accounts that were asked for a moment ago.
    pub(crate) accounts: Recent<GrantName, Identity>,
    /// Where app passwords are hashed.
    pub(crate) passwords: PasswordPool,
}

impl Default for Tenancy {
    fn default() -> Self {
        Self {
            keys: Recent::new(KEY_AGE_US_MAX, KEYS_CACHED_MAX),
            accounts: Recent::new(ACCOUNT_AGE_US_MAX, ACCOUNTS_CACHED_MAX),
            passwords: PasswordPool::default(),
        }
    }
}

impl Tenancy {
    /// Forgets accounts that were moved or deleted.
    pub(crate) fn forget_accounts(&self, gone: &[Key]) {
        self.accounts
            .forget(|_, identity| gone.contains(&identity.id));
    }
}
