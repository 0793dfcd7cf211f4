//! What follows from how a destination answered.

use std::time::Duration;

use super::limits::RETRY_AFTER_MAX;

/// How a destination answered an attempt.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It answered.
    Answered {
        /// The status code.
        status: u16,
        /// What its `Retry-After` asks for, if it has one that can be understood.
        retry_after: Option<Duration>,
    },
    /// It could not be reached, or did not answer in time or properly.
    NoAnswer {
        /// Why, for the log of attempts.
        reason: String,
    },
    /// The URL can never be called.
    Unusable {
        /// Why, for the log of attempts.
        reason: String,
    },
    /// Nothing was sent: the destination is gone or switched off.
    Withdrawn,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrived.
    Succeeded,
    /// It is tried again after a pause.
    Again(Duration),
    /// It is given up.
    Failed,
    /// It was not attempted.
    Skipped,
}

/// Pauses before the second attempt, the third and so on: the third comes about 15 minutes after the first, the tenth,
/// if the operator allows so many, about a day.
const PAUSES_SECONDS: [u64; 9] = [60, 840, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800];

/// The part of a pause by which it may be longer or shorter, so that what failed together is not repeated together.
const JITTER: f64 = 0.1;

/// Decides what follows from the outcome of attempt number `attempt` of at most `attempts_max`.
///
/// `chance` is a random number from 0 to 1.
pub(crate) fn verdict(outcome: &Outcome, attempt: i64, attempts_max: u32, chance: f64) -> Verdict {
    let asked_for = match outcome {
        Outcome::Withdrawn => return Verdict::Skipped,
        Outcome::Unusable { .. } => return Verdict::Failed,
        Outcome::Answered { status: 200, .. } => return Verdict::Succeeded,
        Outcome::Answered {
            status: 429,
            retry_after,
        } => *retry_after,
        Outcome::Answered {
            status: 408 | 502 | 503 | 504 | 507,
            ..
        } => None,
        Outcome::Answered { .. } => return Verdict::Failed,
        Outcome::NoAnswer { .. } => None,
    };
    if attempt >= i64::from(attempts_max) {
        return Verdict::Failed;
    }
    match asked_for {
        Some(wish) => Verdict::Again(wish.clamp(Duration::from_secs(1), RETRY_AFTER_MAX)),
        None => Verdict::Again(pause_after(attempt, chance)),
    }
}

fn pause_after(attempt: i64, chance: f64) -> Duration {
    let place = usize::try_from(attempt - 1).unwrap_or_default();
    let seconds = PAUSES_SECONDS[place.min(PAUSES_SECONDS.len() - 1)];
    Duration::from_secs(seconds).mul_f64(1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn only_200_succeeds_and_only_the_listed_statuses_are_tried_again() {
        for status in 100..=599 {
            let expected = match status {
                200 => Verdict::Succeeded,
                408 | 429 | 502 | 503 | 504 | 507 => Verdict::Again(Duration::from_secs(60)),
                _ => Verdict::Failed,
            };
            assert_eq!(verdict(&answered(status), 1, 3, 0.5), expected, "{status}");
        }
        let silence = Outcome::NoAnswer {
            reason: "no answer".to_owned(),
        };
        assert_eq!(
            verdict(&silence, 1, 3, 0.5),
            Verdict::Again(Duration::from_secs(60))
        );
    }

    #[test]
    fn attempts_come_at_once_after_a_minute_and_a_quarter_of_an_hour_after_the_first() {
        let Verdict::Again(second) = verdict(&answered(503), 1, 3, 0.5) else {
            panic!()
        };
        let Verdict::Again(third) = verdict(&answered(503), 2, 3, 0.5) else {
            panic!()
        };
        assert_eq!((second + third).as_secs(), 15 * 60);
        assert_eq!(verdict(&answered(503), 3, 3, 0.5), Verdict::Failed);
        assert!(matches!(
            verdict(&answered(503), 9, 10, 0.5),
            Verdict::Again(_)
        ));
        assert_eq!(verdict(&answered(503), 10, 10, 0.5), Verdict::Failed);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        assert_eq!(pause_after(1, 0.0), Duration::from_secs(54));
        assert_eq!(pause_after(1, 1.0), Duration::from_secs(66));
    }

    #[test]
    fn retry_after_is_honoured_up_to_20_minutes_and_for_429_only() {
        let busy = |status, seconds| Outcome::Answered {
            status,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let pause = |outcome: &Outcome| verdict(outcome, 1, 3, 0.5);
        assert_eq!(pause(&busy(429, 5)), Verdict::Again(Duration::from_secs(5)));
        assert_eq!(pause(&busy(429, 0)), Verdict::Again(Duration::from_secs(1)));
        assert_eq!(
            pause(&busy(429, 86_400)),
            Verdict::Again(Duration::from_secs(1_200))
        );
        assert_eq!(
            pause(&busy(503, 5)),
            Verdict::Again(Duration::from_secs(60))
        );
    }

    #[test]
    fn what_cannot_be_called_or_is_no_longer_wanted_is_not_tried_again() {
        let unusable = Outcome::Unusable {
            reason: "no URL".to_owned(),
        };
        assert_eq!(verdict(&unusable, 1, 3, 0.5), Verdict::Failed);
        assert_eq!(verdict(&Outcome::Withdrawn, 1, 3, 0.5), Verdict::Skipped);
    }
}
