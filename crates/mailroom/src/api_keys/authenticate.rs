//! A bearer token becomes an actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use posthouse_store::tables::api_keys::{self, ApiKey, KeyScope};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;
use subtle::ConstantTimeEq;

use super::{KeyDigest, KeyText};
use crate::actor::{Actor, Scope};
use crate::limits::KEY_USE_SECONDS_MIN;
use crate::{Mailroom, Refusal};

/// A working key as it was found a moment ago.
#[derive(Debug, Clone)]
pub(crate) struct KnownKey {
    actor: Actor,
    expires_at: Option<i64>,
    /// Unix seconds; shared by all who found the key.
    last_used_at: Arc<AtomicI64>,
}

impl KnownKey {
    pub(crate) fn id(&self) -> Key {
        self.actor.api_key
    }

    pub(crate) fn application(&self) -> Key {
        self.actor.application
    }
}

impl Mailroom {
    /// Returns who shows a bearer token.
    ///
    /// A key is remembered for a moment. Revocation acts at once in this process and within
    /// [`crate::limits::KEY_AGE_US_MAX`] in others; expiry acts on the second everywhere.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] for a malformed, unknown, expired or revoked key, all alike.
    pub async fn authenticate(&self, bearer: &str) -> Result<Actor, Refusal> {
        let text = KeyText::parse(bearer).ok_or(Refusal::Unauthorized)?;
        let digest = text.digest();
        let now_us = self.clock().unix_us();
        let known = match self.inner.tenancy.keys.get(&digest, now_us) {
            Some(known) => known,
            None => self.look_key_up(digest, now_us).await?,
        };
        let now = now_us / 1_000_000;
        if known.expires_at.is_some_and(|expiry| expiry <= now) {
            return Err(Refusal::Unauthorized);
        }
        self.note_use(&known, now);
        Ok(known.actor)
    }

    async fn look_key_up(&self, digest: KeyDigest, now_us: i64) -> Result<KnownKey, Refusal> {
        let began = self.inner.tenancy.keys.generation();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| api_keys::by_digest(tx, &digest))
            .await;
        let row = found.map_err(Refusal::from)?.ok_or(Refusal::Unauthorized)?;
        // HTTP-04: the index compared byte by byte; what decides compares all bytes.
        let same = bool::from(row.digest.ct_eq(&digest));
        if !same || row.revoked_at.is_some() {
            return Err(Refusal::Unauthorized);
        }
        let known = known(&row);
        self.inner
            .tenancy
            .keys
            .keep(digest, known.clone(), now_us, began);
        Ok(known)
    }

    /// Notes a key's use in the background, at most once a minute.
    fn note_use(&self, known: &KnownKey, now: i64) {
        let due = |last: i64| (now - last >= KEY_USE_SECONDS_MIN).then_some(now);
        let noted = known
            .last_used_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, due);
        if noted.is_err() {
            return;
        }
        let (store, id) = (self.store().clone(), known.actor.api_key);
        tokio::spawn(async move {
            let touched = store
                .write(move |tx: &mut dyn Tx| api_keys::touch(tx, id, now))
                .await;
            if let Err::<(), StoreError>(error) = touched {
                tracing::debug!("cannot note the use of an API key: {error}");
            }
        });
    }
}

fn known(row: &ApiKey) -> KnownKey {
    let scope = match row.scope {
        KeyScope::Application => Scope::Application,
        KeyScope::Workspace(workspace) => Scope::Workspace(workspace),
        KeyScope::Grant(grant) => Scope::Grant(grant),
    };
    KnownKey {
        actor: Actor {
            application: row.application,
            api_key: row.id,
            scope,
            read_only: row.read_only,
            admin: row.admin,
            is_service_account: false,
        },
        expires_at: row.expires_at,
        last_used_at: Arc::new(AtomicI64::new(row.last_used_at.unwrap_or(0))),
    }
}
