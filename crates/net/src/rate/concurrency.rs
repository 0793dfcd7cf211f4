//! So many at the same time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::prefix::{LEVELS, Prefix, prefixes};
use crate::cidr::Cidr;
use crate::telemetry;

/// Counts what is going on at this moment per prefix. Cheap to clone; clones share the counts.
///
/// A prefix is remembered only while it holds a permit, so memory is bounded by the number of connections.
#[derive(Clone)]
pub struct ConcurrencyByPrefix {
    inner: Arc<Inner>,
}

struct Inner {
    name: &'static str,
    per_level: [u32; LEVELS],
    exempt: Vec<Cidr>,
    held: Mutex<[HashMap<Prefix, u32>; LEVELS]>,
}

/// The right to go on; dropping it gives the place back.
pub struct ConcurrencyPermit {
    /// `None` for exempt networks, which hold no place.
    place: Option<(Arc<Inner>, [Prefix; LEVELS])>,
}

impl ConcurrencyByPrefix {
    /// Makes a limiter with no place taken. `name` is for metrics, `exempt` networks are not counted at all.
    pub fn new(name: &'static str, per_level: [u32; LEVELS], exempt: Vec<Cidr>) -> Self {
        Self {
            inner: Arc::new(Inner {
                name,
                per_level,
                exempt,
                held: Mutex::default(),
            }),
        }
    }

    /// Takes a place at all three levels, or none and returns `None` if one of them is full.
    pub fn try_acquire(&self, address: IpAddr) -> Option<ConcurrencyPermit> {
        let address = address.to_canonical();
        if self
            .inner
            .exempt
            .iter()
            .any(|range| range.contains(address))
        {
            return Some(ConcurrencyPermit { place: None });
        }
        let networks = prefixes(address);
        let mut held = self.inner.lock();
        let has_room = networks
            .iter()
            .zip(held.iter())
            .zip(self.inner.per_level)
            .all(|((network, level), limit)| level.get(network).copied().unwrap_or(0) < limit);
        if !has_room {
            telemetry::count_rate_refusal(self.inner.name);
            return None;
        }
        for (network, level) in networks.iter().zip(held.iter_mut()) {
            *level.entry(*network).or_default() += 1;
        }
        Some(ConcurrencyPermit {
            place: Some((Arc::clone(&self.inner), networks)),
        })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, [HashMap<Prefix, u32>; LEVELS]> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        let Some((inner, networks)) = self.place.take() else {
            return;
        };
        let mut held = inner.lock();
        for (network, level) in networks.iter().zip(held.iter_mut()) {
            if let Some(count) = level.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    level.remove(network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn limit_admits_n_and_refuses_n_plus_one_until_one_leaves() {
        let limiter = ConcurrencyByPrefix::new("test", [2, 3, 4], Vec::new());
        let first = limiter.try_acquire(ip("192.0.2.1")).unwrap();
        let _second = limiter.try_acquire(ip("192.0.2.1")).unwrap();
        assert!(limiter.try_acquire(ip("192.0.2.1")).is_none());
        let _neighbour = limiter.try_acquire(ip("192.0.2.2")).unwrap();
        assert!(
            limiter.try_acquire(ip("192.0.2.3")).is_none(),
            "the /26 is full"
        );
        drop(first);
        assert!(limiter.try_acquire(ip("192.0.2.3")).is_some());
    }

    #[test]
    fn nothing_is_remembered_when_everyone_has_left() {
        let limiter = ConcurrencyByPrefix::new("test", [2, 2, 2], Vec::new());
        let permits: Vec<_> = ["192.0.2.1", "192.0.2.1", "2001:db8::1"]
            .map(|text| limiter.try_acquire(ip(text)))
            .into();
        assert!(permits.iter().all(Option::is_some));
        assert!(limiter.try_acquire(ip("192.0.2.9")).is_none());
        drop(permits);
        assert!(
            limiter.inner.lock().iter().all(HashMap::is_empty),
            "refusals leave nothing behind either"
        );
    }

    #[test]
    fn exempt_networks_take_no_place() {
        let limiter =
            ConcurrencyByPrefix::new("test", [0, 0, 0], vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(limiter.try_acquire(ip("127.0.0.1")).is_some());
        assert!(limiter.try_acquire(ip("::1")).is_none());
    }
}
