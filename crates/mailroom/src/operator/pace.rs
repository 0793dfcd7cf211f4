//! How much is passed on in an hour: whoever floods `postmaster@` is told to come back later.

use std::sync::{Mutex, PoisonError};

use super::limits::{FORWARDED_BYTES_PER_HOUR_MAX, FORWARDS_PER_HOUR_MAX};

const HOUR_US: i64 = 3_600 * 1_000_000;

/// What was passed on since the hour began.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Hour>);

#[derive(Debug, Default)]
struct Hour {
    began_us: i64,
    messages: u32,
    bytes: usize,
}

impl Pace {
    /// Counts a message; tells whether it may go on now.
    pub(super) fn takes(&self, bytes: usize, now_us: i64) -> bool {
        let mut hour = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now_us - hour.began_us >= HOUR_US || now_us < hour.began_us {
            *hour = Hour {
                began_us: now_us,
                ..Hour::default()
            };
        }
        let total = hour.bytes.saturating_add(bytes);
        let fits = hour.messages < FORWARDS_PER_HOUR_MAX
            && (total <= FORWARDED_BYTES_PER_HOUR_MAX || hour.messages == 0);
        if fits {
            hour.messages += 1;
            hour.bytes = total;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_takes_so_many_messages_and_so_many_bytes() {
        let pace = Pace::default();
        for _ in 0..FORWARDS_PER_HOUR_MAX {
            assert!(pace.takes(1, HOUR_US));
        }
        assert!(!pace.takes(1, HOUR_US + 1));
        assert!(pace.takes(1, 2 * HOUR_US), "the next hour");

        let pace = Pace::default();
        assert!(pace.takes(FORWARDED_BYTES_PER_HOUR_MAX + 1, HOUR_US));
        assert!(!pace.takes(1, HOUR_US + 1));
        assert!(pace.takes(1, 0), "a clock that was set back");
    }
}
