//! Things looked up a moment ago, so that a busy key or account costs no query per request.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A small map whose entries count for a moment only.
///
/// What this process changes is forgotten at once; what another process changes shows after the age is over.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    age_us_max: i64,
    entries_max: usize,
    state: Mutex<State<K, V>>,
}

#[derive(Debug)]
struct State<K, V> {
    entries: HashMap<K, (i64, V)>,
    /// Grows whenever something is forgotten, so that a look-up that began before keeps nothing stale.
    generation: u64,
}

/// What was current when a look-up began; see [`Recent::keep`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generation(u64);

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(crate) fn new(age_us_max: i64, entries_max: usize) -> Self {
        Self {
            age_us_max,
            entries_max,
            state: Mutex::new(State {
                entries: HashMap::new(),
                generation: 0,
            }),
        }
    }

    /// Returns a value that was kept less than the age ago.
    pub(crate) fn get<Q>(&self, key: &Q, now_us: i64) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let state = self.state();
        let (kept_us, value) = state.entries.get(key)?;
        self.is_fresh(*kept_us, now_us).then(|| value.clone())
    }

    /// Returns what to hand to [`Recent::keep`]; to be called before the look-up.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.state().generation)
    }

    /// Keeps a value that was looked up since `began`, unless something was forgotten meanwhile.
    pub(crate) fn keep(&self, key: K, value: V, now_us: i64, began: Generation) {
        let mut state = self.state();
        if state.generation != began.0 {
            return;
        }
        if state.entries.len() >= self.entries_max {
            state
                .entries
                .retain(|_, (kept_us, _)| self.is_fresh(*kept_us, now_us));
        }
        if state.entries.len() >= self.entries_max {
            state.entries.clear();
        }
        state.entries.insert(key, (now_us, value));
    }

    /// Forgets what does not pass, and whatever is being looked up right now.
    pub(crate) fn forget(&self, mut gone: impl FnMut(&K, &V) -> bool) {
        let mut state = self.state();
        state.generation = state.generation.wrapping_add(1);
        state.entries.retain(|key, (_, value)| !gone(key, value));
    }

    /// A clock that stepped back makes entries old, never eternal.
    fn is_fresh(&self, kept_us: i64, now_us: i64) -> bool {
        (0..self.age_us_max).contains(&(now_us - kept_us))
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent() -> Recent<u32, &'static str> {
        Recent::new(1_000, 3)
    }

    #[test]
    fn an_entry_counts_until_its_age_and_not_when_the_clock_steps_back() {
        let recent = recent();
        recent.keep(1, "one", 5_000, recent.generation());
        assert_eq!(recent.get(&1, 5_999), Some("one"));
        assert_eq!(recent.get(&1, 6_000), None);
        assert_eq!(recent.get(&1, 4_999), None);
    }

    #[test]
    fn a_look_up_that_a_change_overtook_keeps_nothing() {
        let recent = recent();
        let began = recent.generation();
        recent.forget(|key, _| *key == 1);
        recent.keep(1, "stale", 5_000, began);
        assert_eq!(recent.get(&1, 5_000), None);
    }

    #[test]
    fn it_never_holds_more_than_its_bound() {
        let recent = recent();
        for key in 0..100 {
            recent.keep(key, "x", 5_000, recent.generation());
            assert!(recent.state().entries.len() <= 3);
        }
        assert_eq!(recent.get(&99, 5_000), Some("x"));
    }
}
