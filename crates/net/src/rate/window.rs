//! So many events in any stretch of time.
//!
//! A counter that is reset at every full minute lets twice its limit through around the reset. This one cuts the
//! window into slots and forgets a slot only when all of it is older than the window; so in *no* stretch of the
//! window's length pass more than the limit. The price is strictness: an event may count up to a slot longer.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::prefix::{LEVELS, Prefix, prefixes};
use crate::cidr::Cidr;
use crate::limits::RATE_PREFIXES_MAX;
use crate::telemetry;

/// Slots that cover a window; one more is kept, because the current slot is only partly over.
const SLOTS_PER_WINDOW: u64 = 6;
const SLOTS_KEPT: usize = SLOTS_PER_WINDOW as usize + 1;

/// What a limiter counts.
#[derive(Debug, Clone)]
pub struct PrefixLimits {
    /// A short name for metrics, such as `smtp_connections`.
    pub name: &'static str,
    /// The stretch of time, such as a minute.
    pub window: Duration,
    /// Events in any such stretch for an address, its neighbourhood and its network.
    pub per_level: [u32; LEVELS],
    /// Networks that are not counted at all.
    pub exempt: Vec<Cidr>,
}

/// Counts events per prefix in a sliding window. Share it behind an `Arc`; all methods take `&self` and never wait.
///
/// Memory is bounded: of each level the [`RATE_PREFIXES_MAX`] prefixes seen last are remembered. Levels are kept apart,
/// so a flood of addresses from one network pushes out other addresses, but not the count of that network.
pub struct PrefixLimiter {
    limits: PrefixLimits,
    slot: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What slot numbers count from: the first time that was given.
    origin: Option<Instant>,
    levels: [Level; LEVELS],
}

impl PrefixLimiter {
    /// Makes a limiter that has seen nothing.
    pub fn new(limits: PrefixLimits) -> Self {
        let slot = (limits.window / SLOTS_PER_WINDOW as u32).max(Duration::from_nanos(1));
        Self {
            limits,
            slot,
            state: Mutex::default(),
        }
    }

    /// Counts one event of `address` if all three levels have room for it; otherwise counts nothing and returns how
    /// long to wait until they have.
    pub fn check_and_count(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.is_exempt(address) {
            return Ok(());
        }
        let mut state = self.lock();
        self.check_locked(&mut state, address, now)?;
        self.count_locked(&mut state, address, now);
        Ok(())
    }

    /// Tells whether there is room for an event of `address`, without counting one; otherwise how long to wait.
    ///
    /// For events that are known only afterwards, like failed sign-ins: check before the costly work, [`count`](Self::count) after.
    pub fn check(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.is_exempt(address) {
            return Ok(());
        }
        self.check_locked(&mut self.lock(), address, now)
    }

    /// Counts one event of `address`, room or not.
    pub fn count(&self, address: IpAddr, now: Instant) {
        if !self.is_exempt(address) {
            self.count_locked(&mut self.lock(), address, now);
        }
    }

    fn check_locked(
        &self,
        state: &mut State,
        address: IpAddr,
        now: Instant,
    ) -> Result<(), Duration> {
        let since_origin = state.since_origin(now);
        let current = self.slot_number(since_origin);
        let free_at_slot = prefixes(address)
            .iter()
            .zip(&state.levels)
            .zip(self.limits.per_level)
            .filter_map(|((prefix, level), limit)| {
                level.entries.get(prefix)?.full_until(current, limit)
            })
            .max();
        let Some(free_at_slot) = free_at_slot else {
            return Ok(());
        };

        telemetry::count_rate_refusal(self.limits.name);
        let free_at = self
            .slot
            .saturating_mul(u32::try_from(free_at_slot).unwrap_or(u32::MAX));
        Err(free_at
            .saturating_sub(since_origin)
            .max(Duration::from_millis(1)))
    }

    fn count_locked(&self, state: &mut State, address: IpAddr, now: Instant) {
        let since_origin = state.since_origin(now);
        let current = self.slot_number(since_origin);
        for (prefix, level) in prefixes(address).into_iter().zip(&mut state.levels) {
            if level.count(prefix, current) {
                telemetry::count_rate_eviction(self.limits.name);
            }
        }
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.limits
            .exempt
            .iter()
            .any(|range| range.contains(address))
    }

    fn slot_number(&self, since_origin: Duration) -> u64 {
        u64::try_from(since_origin.as_nanos() / self.slot.as_nanos()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A count that is off by one after a panic elsewhere does no harm; a door that stays shut would.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Times before the first one seen count as the first one.
    fn since_origin(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.origin.get_or_insert(now))
    }
}

/// The prefixes of one level, and the order in which they were last counted.
#[derive(Default)]
struct Level {
    entries: HashMap<Prefix, Entry>,
    by_age: BTreeMap<u64, Prefix>,
    next_stamp: u64,
}

impl Level {
    /// Counts one event; returns whether another prefix had to be forgotten for it while it still mattered.
    fn count(&mut self, prefix: Prefix, current: u64) -> bool {
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        self.by_age.insert(stamp, prefix);
        if let Some(entry) = self.entries.get_mut(&prefix) {
            self.by_age.remove(&entry.stamp);
            entry.stamp = stamp;
            entry.add(current);
            return false;
        }

        let mut entry = Entry {
            stamp,
            newest: current,
            slots: [0; SLOTS_KEPT],
        };
        entry.add(current);
        self.entries.insert(prefix, entry);
        if self.entries.len() <= RATE_PREFIXES_MAX {
            return false;
        }
        let Some((_, oldest)) = self.by_age.pop_first() else {
            return false;
        };
        let forgotten = self.entries.remove(&oldest);
        forgotten.is_some_and(|entry| entry.newest + SLOTS_PER_WINDOW >= current)
    }
}

/// The events of one prefix by slot; slot number `n` lives at `n % SLOTS_KEPT`.
struct Entry {
    stamp: u64,
    newest: u64,
    slots: [u32; SLOTS_KEPT],
}

impl Entry {
    fn add(&mut self, current: u64) {
        // Time that runs backwards counts into the newest slot.
        let current = current.max(self.newest);
        let passed = current - self.newest;
        for step in 1..=passed.min(SLOTS_KEPT as u64) {
            *self.slot_mut(self.newest + step) = 0;
        }
        self.newest = current;
        let slot = self.slot_mut(current);
        *slot = slot.saturating_add(1);
    }

    /// Returns the first slot in which there is room again, or `None` if there is room in `current`.
    fn full_until(&self, current: u64, limit: u32) -> Option<u64> {
        let current = current.max(self.newest);
        let oldest_counting = current.saturating_sub(SLOTS_PER_WINDOW);
        let mut counted: u64 = (oldest_counting..=self.newest)
            .map(|number| self.in_slot(number))
            .sum();
        if counted < u64::from(limit) {
            return None;
        }
        // Slot n stops counting in slot n + SLOTS_KEPT.
        for number in oldest_counting..=self.newest {
            counted -= self.in_slot(number);
            if counted < u64::from(limit) {
                return Some(number + SLOTS_KEPT as u64);
            }
        }
        // A limit of zero: never.
        Some(current + SLOTS_KEPT as u64)
    }

    /// Events in a slot; slots that are out of the ring, or before time began, have none.
    fn in_slot(&self, number: u64) -> u64 {
        if number > self.newest || self.newest - number >= SLOTS_KEPT as u64 {
            return 0;
        }
        u64::from(self.slots[(number % SLOTS_KEPT as u64) as usize])
    }

    fn slot_mut(&mut self, number: u64) -> &mut u32 {
        &mut self.slots[(number % SLOTS_KEPT as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn limiter(per_level: [u32; LEVELS], exempt: &[&str]) -> PrefixLimiter {
        let exempt = exempt.iter().map(|range| range.parse().unwrap()).collect();
        PrefixLimiter::new(PrefixLimits {
            name: "test",
            window: MINUTE,
            per_level,
            exempt,
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn limit_admits_n_and_refuses_n_plus_one() {
        let limiter = limiter([3, 100, 100], &[]);
        let now = Instant::now();
        for _ in 0..3 {
            limiter.check_and_count(ip("192.0.2.1"), now).unwrap();
        }
        assert!(limiter.check_and_count(ip("192.0.2.1"), now).is_err());
        assert!(
            limiter.check_and_count(ip("192.0.2.2"), now).is_ok(),
            "a neighbour has its own limit"
        );
    }

    #[test]
    fn wide_levels_stop_those_who_change_their_address() {
        let limiter = limiter([2, 4, 6], &[]);
        let now = Instant::now();
        let admitted = |host: &dyn Fn(u32) -> String| {
            (0..64)
                .filter(|n| limiter.check_and_count(ip(&host(*n)), now).is_ok())
                .count()
        };
        assert_eq!(admitted(&|n| format!("192.0.2.{n}")), 4, "one /26");
        assert_eq!(admitted(&|n| format!("192.0.1.{n}")), 2, "the same /21");
        assert_eq!(admitted(&|n| format!("2001:db8:0:{n:x}::1")), 4, "one /48");
        assert_eq!(
            admitted(&|n| format!("2001:db8:{:x}::1", n + 1)),
            2,
            "the same /32"
        );
    }

    #[test]
    fn refused_events_do_not_count_and_waiting_as_told_helps() {
        let limiter = limiter([5, 5, 5], &[]);
        let start = Instant::now();
        for second in 0..5 {
            limiter
                .check_and_count(ip("192.0.2.1"), start + Duration::from_secs(second))
                .unwrap();
        }
        let later = start + Duration::from_secs(30);
        let wait = limiter.check_and_count(ip("192.0.2.1"), later).unwrap_err();
        for _ in 0..1_000 {
            assert!(limiter.check_and_count(ip("192.0.2.1"), later).is_err());
        }
        assert!(
            limiter
                .check(ip("192.0.2.1"), later + wait - Duration::from_millis(1))
                .is_err()
        );
        assert!(
            limiter
                .check_and_count(ip("192.0.2.1"), later + wait)
                .is_ok()
        );
        assert!(wait <= MINUTE + MINUTE / 6);
    }

    #[test]
    fn checking_does_not_count_and_counting_does_not_check() {
        let limiter = limiter([1, 1, 1], &[]);
        let now = Instant::now();
        limiter.check(ip("192.0.2.1"), now).unwrap();
        limiter.check(ip("192.0.2.1"), now).unwrap();
        limiter.count(ip("192.0.2.1"), now);
        limiter.count(ip("192.0.2.1"), now);
        assert!(limiter.check(ip("192.0.2.1"), now).is_err());
    }

    #[test]
    fn exempt_networks_are_not_counted() {
        let limiter = limiter([0, 0, 0], &["127.0.0.0/8"]);
        let now = Instant::now();
        limiter.check_and_count(ip("127.0.0.1"), now).unwrap();
        limiter
            .check_and_count(ip("::ffff:127.0.0.1"), now)
            .unwrap();
        limiter.count(ip("192.0.2.1"), now);
        assert!(limiter.check_and_count(ip("192.0.2.1"), now).is_err());
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
        let limiter = limiter([1, u32::MAX, u32::MAX], &[]);
        let now = Instant::now();
        let nth = |n: usize| IpAddr::from((n as u32 + 1).to_be_bytes());
        for n in 0..=RATE_PREFIXES_MAX {
            limiter.check_and_count(nth(n), now).unwrap();
        }
        let state = limiter.lock();
        assert_eq!(state.levels[0].entries.len(), RATE_PREFIXES_MAX);
        assert!(
            state
                .levels
                .iter()
                .all(|level| level.entries.len() == level.by_age.len())
        );
        drop(state);
        assert!(limiter.check(nth(0), now).is_ok(), "forgotten");
        assert!(limiter.check(nth(1), now).is_err(), "remembered");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn never_more_than_the_limit_in_any_window(
            limit in 1_u32..8,
            pauses_ms in prop::collection::vec(prop_oneof![Just(0_u64), 1..500_u64, 1_000..70_000_u64], 1..200),
        ) {
            let limiter = limiter([limit, u32::MAX, u32::MAX], &[]);
            let start = Instant::now();
            let mut elapsed = Duration::ZERO;
            let mut admitted: Vec<Duration> = Vec::new();
            for pause in pauses_ms {
                elapsed += Duration::from_millis(pause);
                if limiter.check_and_count(ip("192.0.2.1"), start + elapsed).is_ok() {
                    admitted.push(elapsed);
                }
                let in_window = admitted.iter().filter(|at| elapsed - **at < MINUTE).count();
                prop_assert!(in_window <= limit as usize, "{} in a minute, limit {}", in_window, limit);
            }
        }
    }
}
