//! How often a domain may be looked at.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use posthouse_types::ids::Key;

use super::limits::{CHECK_REFILL_US, CHECKS_AT_ONCE_MAX, COUNTED_DOMAINS_MAX};
use crate::Refusal;

/// Counts checks of each domain: some at once, then one every few seconds.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// For each domain, the time up to which its checks are paid for.
    paid_until_us: Mutex<HashMap<Key, i64>>,
}

impl Pace {
    /// Counts one more check.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`] when there were too many.
    pub(crate) fn count(&self, domain: Key, now_us: i64) -> Result<(), Refusal> {
        let mut paid = self
            .paid_until_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if paid.len() >= COUNTED_DOMAINS_MAX {
            paid.retain(|_, until| *until > now_us);
        }
        let until = paid.get(&domain).copied().unwrap_or(0).max(now_us);
        let next = until + CHECK_REFILL_US;
        let ahead = next - now_us - CHECKS_AT_ONCE_MAX * CHECK_REFILL_US;
        if ahead > 0 {
            return Err(Refusal::RateLimited {
                message: "this domain is checked too often".to_owned(),
                retry_after_seconds: u64::try_from(ahead / 1_000_000).unwrap_or(0) + 1,
            });
        }
        // A clock that was set back must not lock a domain out.
        if paid.len() < COUNTED_DOMAINS_MAX {
            paid.insert(
                domain,
                next.min(now_us + CHECKS_AT_ONCE_MAX * CHECK_REFILL_US),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_checks_at_once_then_one_every_five_seconds() {
        let pace = Pace::default();
        let now = 1_790_000_000_000_000;
        for _ in 0..20 {
            pace.count(Key(1), now).unwrap();
        }
        let refused = pace.count(Key(1), now).unwrap_err();
        let Refusal::RateLimited {
            retry_after_seconds,
            ..
        } = refused
        else {
            panic!("{refused:?}");
        };
        assert!((5..=6).contains(&retry_after_seconds));
        pace.count(Key(2), now).unwrap();
        pace.count(Key(1), now + 5_000_000).unwrap();
        assert!(pace.count(Key(1), now + 5_000_000).is_err());
        for _ in 0..20 {
            pace.count(Key(1), now + 200_000_000).unwrap();
        }
    }
}
