//! MTA-STS: what a domain's web server says of its mail servers. RFC 8461.
//!
//! A policy is believed until it runs out, whatever happens to the DNS or the web server meanwhile; the TXT record at
//! `_mta-sts.<domain>` only tells when there is a new one. Policies are kept in memory and, by [`KeepPolicies`], across
//! restarts: a restart must not be a moment of weakness.

mod fetch;
mod memory;
mod policy;
mod record;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use posthouse_types::clock::SharedClock;

use self::fetch::FetchError;
use self::memory::{Memory, Remembered};
pub use self::policy::{Mode, Policy, PolicyError};
pub use self::record::record_id;
use super::MxTarget;
use super::refusal::{PolicyKind, ReportedAs, TlsRefusal};
use crate::http::GuardedClient;
use crate::limits::{MTA_STS_REFRESH_SECONDS, MTA_STS_RETRY_SECONDS};
use crate::resolver::{ResolveError, Resolver};

/// A policy as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPolicy {
    /// The id of the TXT record that announced it.
    pub id: String,
    /// The document.
    pub text: String,
    /// When it was fetched, in Unix seconds.
    pub fetched_at: i64,
}

/// What a keeper's work becomes.
pub type Keeping<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where policies outlive the process. Failures are the keeper's to log: a policy that cannot be kept is still obeyed.
pub trait KeepPolicies: Send + Sync {
    /// Returns what was kept for `domain`, however old.
    fn load<'a>(&'a self, domain: &'a str) -> Keeping<'a, Option<KeptPolicy>>;
    /// Keeps a policy in place of an older one.
    fn keep<'a>(&'a self, domain: &'a str, policy: &'a KeptPolicy) -> Keeping<'a, ()>;
}

/// Keeps nothing beyond the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepNothing;

impl KeepPolicies for KeepNothing {
    fn load<'a>(&'a self, _domain: &'a str) -> Keeping<'a, Option<KeptPolicy>> {
        Box::pin(async { None })
    }

    fn keep<'a>(&'a self, _domain: &'a str, _policy: &'a KeptPolicy) -> Keeping<'a, ()> {
        Box::pin(async {})
    }
}

/// Where policies come from and where they stay.
pub struct Source {
    /// Fetches them.
    pub client: GuardedClient,
    /// The port of policy servers: 443 but in tests.
    pub port: u16,
    /// Keeps them.
    pub keeper: Arc<dyn KeepPolicies>,
}

/// The policies of other domains.
pub struct MtaSts {
    source: Source,
    resolver: Resolver,
    clock: SharedClock,
    memory: Memory,
}

/// What was found for one server.
pub(super) enum StsFinding {
    /// No policy, or none that says anything.
    None,
    /// A policy to go by.
    Policy { mode: Mode, unlisted: bool },
}

impl MtaSts {
    pub(super) fn new(source: Source, resolver: Resolver, clock: SharedClock) -> Self {
        Self {
            source,
            resolver,
            clock,
            memory: Memory::default(),
        }
    }

    /// Decides what the domain's policy says of the target's server. RFC 8461 5.
    pub(super) async fn judge(&self, target: &MxTarget<'_>) -> Result<StsFinding, TlsRefusal> {
        let Some(policy) = self.policy_of(target.domain).await else {
            return Ok(StsFinding::None);
        };
        let listed = policy.names(target.host);
        match policy.mode {
            Mode::None => Ok(StsFinding::None),
            // A message that requires TLS takes a policy in testing mode for earnest.
            Mode::Testing if !target.require_tls => Ok(StsFinding::Policy {
                mode: Mode::Testing,
                unlisted: !listed,
            }),
            Mode::Testing | Mode::Enforce if listed => Ok(StsFinding::Policy {
                mode: Mode::Enforce,
                unlisted: false,
            }),
            Mode::Testing | Mode::Enforce => Err(TlsRefusal::new(
                PolicyKind::MtaSts,
                target.host,
                ReportedAs::ValidationFailure,
                format!("the policy of {} does not name it", target.domain),
            )),
        }
    }

    /// Returns the policy that holds for `domain` now.
    async fn policy_of(&self, domain: &str) -> Option<Arc<Policy>> {
        let domain = domain.to_ascii_lowercase();
        let now = self.clock.unix_seconds();
        let remembered = self.recall(&domain).await;
        let in_force = remembered.in_force(now);
        let announced = self.announced_id(&domain).await;
        let due = match (&announced, &in_force) {
            // RFC 8461 3.1: without a record there is no policy, but for one that is still in force.
            (None, _) => false,
            (Some(_), None) => true,
            (Some(id), Some(_)) => {
                remembered.id() != Some(id.as_str())
                    || now - remembered.fetched_at() >= MTA_STS_REFRESH_SECONDS
            }
        };
        let (true, Some(id)) = (due && remembered.may_retry(now), announced) else {
            return in_force;
        };
        match fetch::fetch(&self.source, &domain).await {
            Ok((policy, text)) => {
                let kept = KeptPolicy {
                    id,
                    text,
                    fetched_at: now,
                };
                self.source.keeper.keep(&domain, &kept).await;
                tracing::debug!(domain, id = kept.id, mode = ?policy.mode, "fetched an MTA-STS policy");
                let policy = Arc::new(policy);
                let holds = Remembered::holding(Some((kept, Arc::clone(&policy))));
                self.memory.remember(&domain, holds);
                Some(policy)
            }
            Err(error) => {
                self.note_failure(&domain, remembered, &error, now);
                in_force
            }
        }
    }

    /// What memory has, else what was kept.
    async fn recall(&self, domain: &str) -> Remembered {
        if let Some(remembered) = self.memory.recall(domain) {
            return remembered;
        }
        let kept = self.source.keeper.load(domain).await;
        let parsed = kept.and_then(|kept| {
            let policy = Policy::parse(kept.text.as_bytes()).ok()?;
            Some((kept, Arc::new(policy)))
        });
        let remembered = Remembered::holding(parsed);
        self.memory.remember(domain, remembered.clone());
        remembered
    }

    /// The id in the domain's TXT record. A look-up that fails counts as no record: what is in force stays so.
    async fn announced_id(&self, domain: &str) -> Option<String> {
        match self.resolver.texts(&format!("_mta-sts.{domain}")).await {
            Ok(texts) => record_id(&texts),
            Err(ResolveError::NotFound) => None,
            Err(error) => {
                tracing::debug!(domain, %error, "cannot look for an MTA-STS record");
                None
            }
        }
    }

    fn note_failure(&self, domain: &str, remembered: Remembered, error: &FetchError, now: i64) {
        tracing::info!(
            domain,
            reported_as = error.reported_as().as_str(),
            "cannot fetch the MTA-STS policy: {error}"
        );
        let failed = remembered.not_before(now + MTA_STS_RETRY_SECONDS);
        self.memory.remember(domain, failed);
    }
}
