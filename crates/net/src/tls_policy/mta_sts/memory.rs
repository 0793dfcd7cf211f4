//! The policies of recent destinations, in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{KeptPolicy, Policy};
use crate::limits::MTA_STS_DOMAINS_MAX;

/// What is known of one domain, also that nothing is.
#[derive(Debug, Clone, Default)]
pub(super) struct Remembered {
    policy: Option<(KeptPolicy, Arc<Policy>)>,
    /// A fetch failed: the next may be at this time, in Unix seconds.
    retry_at: i64,
}

impl Remembered {
    pub(super) fn holding(policy: Option<(KeptPolicy, Arc<Policy>)>) -> Self {
        Self {
            policy,
            retry_at: 0,
        }
    }

    /// The policy, unless it has run out.
    pub(super) fn in_force(&self, now: i64) -> Option<Arc<Policy>> {
        let (kept, policy) = self.policy.as_ref()?;
        let ends = kept.fetched_at.saturating_add(policy.max_age_seconds);
        (now < ends).then(|| Arc::clone(policy))
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.policy.as_ref().map(|(kept, _)| kept.id.as_str())
    }

    pub(super) fn fetched_at(&self) -> i64 {
        self.policy.as_ref().map_or(0, |(kept, _)| kept.fetched_at)
    }

    pub(super) fn may_retry(&self, now: i64) -> bool {
        now >= self.retry_at
    }

    pub(super) fn not_before(mut self, retry_at: i64) -> Self {
        self.retry_at = retry_at;
        self
    }
}

/// Bounded; forgets what was touched first. Forgetting costs a look at the keeper.
#[derive(Default)]
pub(super) struct Memory {
    domains: Mutex<Domains>,
}

#[derive(Default)]
struct Domains {
    known: HashMap<String, (u64, Remembered)>,
    writes: u64,
}

impl Memory {
    pub(super) fn recall(&self, domain: &str) -> Option<Remembered> {
        let domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        domains.known.get(domain).map(|(_, known)| known.clone())
    }

    pub(super) fn remember(&self, domain: &str, what: Remembered) {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        domains.writes += 1;
        let at = domains.writes;
        domains.known.insert(domain.to_owned(), (at, what));
        if domains.known.len() > MTA_STS_DOMAINS_MAX {
            // Half at once, so that the search for the oldest is paid for once in two thousand writes.
            let mut ages: Vec<u64> = domains.known.values().map(|(at, _)| *at).collect();
            ages.sort_unstable();
            let middle = ages[ages.len() / 2];
            domains.known.retain(|_, (at, _)| *at >= middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_keeps_the_newest() {
        let memory = Memory::default();
        for number in 0..=MTA_STS_DOMAINS_MAX {
            memory.remember(&format!("d{number}"), Remembered::default());
        }
        assert!(memory.recall("d0").is_none());
        assert!(memory.recall(&format!("d{MTA_STS_DOMAINS_MAX}")).is_some());
    }
}
