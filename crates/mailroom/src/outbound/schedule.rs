//! When mail that could not be delivered for a passing reason is attempted again.
//!
//! The first retry comes after 1 to 5 minutes, the pauses double up to 4 hours, and each is a little shorter or longer by
//! chance, so that what failed together does not come back together. The last attempt is made when the period ends.

use std::time::Duration;

/// The first pause, before chance.
const FIRST: Duration = Duration::from_secs(180);
/// The part of the first pause by which it may be shorter or longer: 1 to 5 minutes.
const FIRST_JITTER: f64 = 2.0 / 3.0;
/// The part of any other pause.
const JITTER: f64 = 0.2;
/// The longest pause.
pub const PAUSE_MAX: Duration = Duration::from_secs(4 * 3_600);
/// Doublings after which the pause is at its longest anyway.
const DOUBLINGS_MAX: u32 = 7;

/// Returns the pause before the next attempt, or `None` when mail of that age is given up.
///
/// `attempts` have been made, at least one; `age` is the time since the first of them, or since the mail was let go again after
/// it had been held; `chance` is a random number from 0 to 1.
#[must_use]
pub fn pause(attempts: i64, age: Duration, period: Duration, chance: f64) -> Option<Duration> {
    let left = period.checked_sub(age).filter(|left| !left.is_zero())?;
    let chance = chance.clamp(0.0, 1.0);
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(0)
        .min(DOUBLINGS_MAX);
    let jitter = if doublings == 0 { FIRST_JITTER } else { JITTER };
    let whole = FIRST * 2_u32.pow(doublings);
    let pause = whole.mul_f64(1.0 - jitter + 2.0 * jitter * chance);
    Some(pause.min(PAUSE_MAX).min(left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERIOD: Duration = Duration::from_secs(48 * 3_600);

    #[test]
    fn the_first_retry_comes_after_one_to_five_minutes() {
        let first = |chance| pause(1, Duration::ZERO, PERIOD, chance);
        assert_eq!(first(0.0), Some(Duration::from_secs(60)));
        assert_eq!(first(1.0), Some(Duration::from_secs(300)));
    }

    #[test]
    fn pauses_grow_to_four_hours() {
        let middle = |attempts| {
            pause(attempts, Duration::ZERO, PERIOD, 0.5)
                .unwrap()
                .as_secs()
        };
        let pauses: Vec<u64> = (1..=9).map(middle).collect();
        assert_eq!(
            pauses,
            [180, 360, 720, 1_440, 2_880, 5_760, 11_520, 14_400, 14_400]
        );
    }

    proptest! {
        #[test]
        fn a_pause_never_passes_the_end_of_the_period(
            attempts in 0_i64..200, age in 0_u64..200_000, period in 1_u64..400_000, chance in -1.0_f64..2.0,
        ) {
            let (age, period) = (Duration::from_secs(age), Duration::from_secs(period));
            match pause(attempts, age, period, chance) {
                Some(pause) => {
                    prop_assert!(age + pause <= period);
                    prop_assert!(!pause.is_zero() && pause <= PAUSE_MAX);
                }
                None => prop_assert!(age >= period),
            }
        }

        #[test]
        fn mail_that_always_fails_is_given_up_after_the_period_and_a_bounded_number_of_attempts(chances in proptest::collection::vec(0.0_f64..1.0, 64)) {
            let mut age = Duration::ZERO;
            let mut attempts = 1;
            let mut chances = chances.into_iter().cycle();
            while let Some(pause) = pause(attempts, age, PERIOD, chances.next().unwrap()) {
                age += pause;
                attempts += 1;
                prop_assert!(attempts < 64);
            }
            prop_assert_eq!(age, PERIOD);
            prop_assert!(attempts >= 15);
        }
    }
}
