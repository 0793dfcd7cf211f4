//! Refusals that come in floods: a mailbox that is full is offered mail all day.
//!
//! Of those that say the same of the same account within an hour, the first, the tenth, the hundredth and so on has an
//! entry, with the count. So the log answers for all of them, and grows with the logarithm of a flood. Each process counts
//! for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use posthouse_types::ids::Key;

use super::entry::AuditEntry;
use crate::{Mailroom, Refusal};

const SECONDS_PER_HOUR: i64 = 3_600;
/// Refusals that a process counts at most: accounts times reasons.
const KINDS_KEPT_MAX: usize = 65_536;

/// What was refused to whom, and why.
type What = (Key, &'static str, String);

/// How often what was refused in which hour.
#[derive(Debug, Default)]
pub(crate) struct Often(Mutex<HashMap<What, (i64, u64)>>);

impl Often {
    /// Counts a refusal; returns the count within the hour when it is one to be written down.
    fn turn(&self, what: What, hour: i64) -> Option<u64> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KINDS_KEPT_MAX && !kept.contains_key(&what) {
            kept.retain(|_, (of, _)| *of == hour);
            if kept.len() >= KINDS_KEPT_MAX {
                kept.clear();
            }
        }
        let (of, count) = kept.entry(what).or_insert((hour, 0));
        if *of != hour {
            (*of, *count) = (hour, 0);
        }
        *count += 1;
        is_power_of_ten(*count).then_some(*count)
    }

    fn forget(&self, what: &What) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(what);
    }
}

fn is_power_of_ten(mut number: u64) -> bool {
    while number > 1 && number.is_multiple_of(10) {
        number /= 10;
    }
    number == 1
}

impl Mailroom {
    /// Writes an entry of a refusal, unless others like it stand for it.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`], as [`Mailroom::audit_alone`].
    pub(crate) async fn audit_often(&self, entry: &AuditEntry<'_>) -> Result<(), Refusal> {
        let who = entry.grant.unwrap_or(entry.application);
        let what: What = (who, entry.action, entry.reason.to_owned());
        let hour = self.now_seconds().div_euclid(SECONDS_PER_HOUR);
        let Some(count) = self.inner.often.turn(what.clone(), hour) else {
            return Ok(());
        };
        let reason = match count {
            1 => entry.reason.to_owned(),
            _ => format!("{}; {count} times within this hour", entry.reason),
        };
        let entry = AuditEntry {
            reason: &reason,
            ..*entry
        };
        let written = self.audit_alone(&entry).await;
        if written.is_err() {
            // The next one is written down then.
            self.inner.often.forget(&what);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> What {
        (Key(1), "message.receive", "full".to_owned())
    }

    #[test]
    fn a_flood_is_written_down_by_its_powers_of_ten_and_anew_in_each_hour() {
        let often = Often::default();
        let noted: Vec<u64> = (0..5_000).filter_map(|_| often.turn(full(), 7)).collect();
        assert_eq!(noted, [1, 10, 100, 1_000]);
        assert_eq!(often.turn(full(), 8), Some(1));
        assert_eq!(
            often.turn((Key(2), "message.receive", "full".to_owned()), 8),
            Some(1)
        );
        assert_eq!(often.turn(full(), 8), None);
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let often = Often::default();
        for number in 0..KINDS_KEPT_MAX as i64 + 10 {
            often.turn((Key(number), "message.send", String::new()), 7);
        }
        assert!(often.0.lock().unwrap().len() <= KINDS_KEPT_MAX);
    }
}
