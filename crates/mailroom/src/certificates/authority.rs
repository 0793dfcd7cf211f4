//! Who issues certificates, and what this process can do to get them.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock};

use posthouse_net::acme::Proof;
use posthouse_net::http::GuardedClient;
use posthouse_net::tls::Certificates;

use crate::Mailroom;

/// The authority, and our end of dealing with it.
#[derive(Clone)]
pub struct Authority {
    /// Its directory's URL.
    pub directory: String,
    /// Where it writes to, an address.
    pub contact: String,
    /// Makes the calls.
    pub client: GuardedClient,
    /// How names can be proven here, the preferred way first; what follows is tried after a failure.
    pub proofs: Vec<Proof>,
    /// Where certificates and proofs are shown.
    pub certificates: Arc<Certificates>,
}

/// The authority, once it is known.
#[derive(Default)]
pub(crate) struct Chosen {
    pub(super) authority: OnceLock<Authority>,
    /// When names were looked for, in Unix seconds.
    pub(super) names_seen_at: AtomicI64,
    /// What tells the rows that are shown from others.
    pub(super) shown: Mutex<Option<(i64, i64)>>,
}

impl Mailroom {
    /// Has certificates ordered from `authority`. To be called once, before doors are opened.
    pub fn order_certificates_from(&self, authority: Authority) {
        if self.inner.authority.authority.set(authority).is_err() {
            tracing::warn!("the mailroom was given a second authority, which it does not use");
        }
    }

    pub(super) fn authority(&self) -> Option<&Authority> {
        self.inner.authority.authority.get()
    }
}
