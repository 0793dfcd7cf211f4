//! Quotas: what an account may send, receive and keep, counted in the transaction that does it.
//!
//! Whoever is refused has used nothing up, and whoever is not has its place for certain: a day's counters are read and
//! written under the account's lock, a month's row is the lock of its application. A day is a UTC day, a month a UTC month.
//! What reaches nobody in the end is given back to its day, by whoever takes the last recipient off the queue.

use posthouse_rules::policy::{Cap, Effective, Limit, Plan};
use posthouse_store::tables::usage::{self, AccountDay, Month, Received};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::standing::Standing;
use crate::Refusal;
use crate::receive::RecipientRefusal;

const SECONDS_PER_DAY: i64 = 86_400;
/// The longest that somebody is told to wait.
const WAIT_SECONDS_MAX: u64 = 3_600;

/// A quota that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// Messages that the account may send in a day.
    SentToday {
        /// How many.
        limit: u64,
        /// Until when, in seconds from now.
        wait_seconds: u64,
    },
    /// Messages that the application may send in a month.
    SentThisMonth {
        /// How many.
        limit: u64,
        /// Until when, in seconds from now.
        wait_seconds: u64,
    },
    /// Bytes that the application may send and receive in a month.
    TrafficThisMonth {
        /// How many.
        limit: u64,
        /// Until when, in seconds from now.
        wait_seconds: u64,
    },
    /// Messages that the account may receive in a day.
    ReceivedToday,
    /// Bytes that the account may keep.
    Storage {
        /// How many.
        limit: u64,
    },
}

impl From<Shortage> for RecipientRefusal {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::Storage { .. } => Self::MailboxFull,
            _ => Self::OverDailyLimit,
        }
    }
}

impl From<Shortage> for Refusal {
    fn from(shortage: Shortage) -> Self {
        let limited = |message: String, retry_after_seconds: u64| Self::RateLimited {
            message,
            retry_after_seconds,
        };
        match shortage {
            Shortage::SentToday {
                limit,
                wait_seconds,
            } => limited(format!("daily send limit of {limit} reached"), wait_seconds),
            Shortage::SentThisMonth {
                limit,
                wait_seconds,
            } => limited(
                format!("monthly send limit of {limit} reached"),
                wait_seconds,
            ),
            Shortage::TrafficThisMonth {
                limit,
                wait_seconds,
            } => limited(
                format!("monthly traffic limit of {limit} bytes reached"),
                wait_seconds,
            ),
            Shortage::ReceivedToday => Self::RateLimited {
                message: "daily limit of received messages reached".to_owned(),
                retry_after_seconds: 1,
            },
            Shortage::Storage { limit } => Self::PlanCap {
                message: format!("storage limit of {limit} bytes reached for this plan"),
            },
        }
    }
}

/// Why a transaction that uses something up was given up.
#[derive(Debug)]
pub(crate) enum Unpaid {
    /// A quota is used up: an account's, or in mail of a domain its application's.
    Short(Shortage, Option<Key>),
    /// The store failed.
    Store(StoreError),
}

impl Unpaid {
    /// Tells whether the transaction is known to have left nothing.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Short(..) => true,
            Self::Store(error) => error.is_final(),
        }
    }

    /// Returns what two transactions that met had in common.
    pub(crate) fn met(&self) -> Option<&str> {
        match self {
            Self::Store(StoreError::Conflict { constraint }) => Some(constraint),
            _ => None,
        }
    }
}

impl From<Unpaid> for Refusal {
    fn from(unpaid: Unpaid) -> Self {
        match unpaid {
            Unpaid::Short(shortage, _) => {
                metrics::counter!("posthouse_mailroom_quota_refusals_total").increment(1);
                shortage.into()
            }
            Unpaid::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Unpaid {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn short(who: impl Into<Option<Key>>, shortage: Shortage) -> Unpaid {
    Unpaid::Short(shortage, who.into())
}

/// A message that is about to be stored for an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    /// Who owns the account.
    pub(crate) application: Key,
    /// The account, whose lock the transaction holds; `None` for mail that a domain sends.
    pub(crate) grant: Option<Key>,
    /// Bytes of the message as it is kept.
    pub(crate) bytes: u64,
    /// Unix seconds.
    pub(crate) now: i64,
}

impl Charge {
    fn day_of(&self, grant: Key) -> AccountDay {
        AccountDay {
            grant,
            day: usage_day(self.now),
        }
    }
}

/// Uses up what a message takes that is sent; `leaving` bytes of the account go in the same transaction. On [`Unpaid`] the
/// transaction must be given up.
pub(crate) fn charge_sent(
    tx: &mut dyn Tx,
    plan: &Plan,
    effective: &Effective,
    charge: &Charge,
    leaving: u64,
) -> Result<(), Unpaid> {
    if let Some(grant) = charge.grant {
        let growth = charge.bytes.saturating_sub(leaving);
        if growth > 0 {
            check_storage(tx, effective, grant, growth)?;
        }
        let at = charge.day_of(grant);
        // Also where nothing limits it: a limit that is set at noon counts the morning.
        let sent = usage::add_sent(tx, &at)?;
        if let Some(limit) = effective
            .limit(Limit::SentPerDay)
            .filter(|limit| sent > *limit)
        {
            return Err(short(
                grant,
                Shortage::SentToday {
                    limit,
                    wait_seconds: until(charge.now, (at.day + 1) * SECONDS_PER_DAY),
                },
            ));
        }
    }
    charge_month(tx, plan, charge, 1)
}

/// Uses up what a message takes that is received and will have a key. On [`Unpaid`] the transaction must be given up.
pub(crate) fn charge_received(
    tx: &mut dyn Tx,
    plan: &Plan,
    standing: &Standing,
    charge: &Charge,
    message: Key,
) -> Result<(), Unpaid> {
    if let Some(grant) = charge.grant {
        check_storage(tx, &standing.policy, grant, charge.bytes)?;
        if let Some(limit) = standing.policy.limit(Limit::ReceivedPerDay) {
            let (at, under) = (charge.day_of(grant), standing.daily_limits_hash());
            let used = usage::received(tx, &at, under, limit)?;
            if used.messages >= limit {
                return Err(short(grant, Shortage::ReceivedToday));
            }
            let with_it = Received {
                messages: used.messages + 1,
                to: used.to.max(message),
            };
            usage::set_received(tx, &at, &with_it, under)?;
        }
    }
    charge_month(tx, plan, charge, 0)
}

/// Tells whether a message of a size could be received now; nothing is used up.
pub(crate) fn may_receive(
    tx: &mut dyn Tx,
    plan: &Plan,
    standing: &Standing,
    charge: &Charge,
) -> Result<(), Unpaid> {
    if let Some(grant) = charge.grant {
        check_storage(tx, &standing.policy, grant, charge.bytes.max(1))?;
        if let Some(limit) = standing.policy.limit(Limit::ReceivedPerDay) {
            let (at, under) = (charge.day_of(grant), standing.daily_limits_hash());
            if usage::received(tx, &at, under, limit)?.messages >= limit {
                return Err(short(grant, Shortage::ReceivedToday));
            }
        }
    }
    if let Some(limit) = plan.cap(Cap::TrafficPerMonth) {
        let used = usage::month(tx, charge.application, usage_month(charge.now))?;
        if used.bytes.saturating_add(charge.bytes.max(1)) > limit {
            return Err(short(
                charge.grant,
                Shortage::TrafficThisMonth {
                    limit,
                    wait_seconds: until_next_month(charge.now),
                },
            ));
        }
    }
    Ok(())
}

/// Tells whether anything is counted when mail arrives; if not, nothing needs to be asked.
pub(crate) fn counts_received(plan: &Plan, effective: &Effective) -> bool {
    effective.limit(Limit::ReceivedPerDay).is_some()
        || effective.limit(Limit::StorageBytes).is_some()
        || plan.cap(Cap::TrafficPerMonth).is_some()
}

/// Refuses a message that is to wait, for its time or for approval, and does not fit into what an account may keep beside
/// all that waits already.
pub(crate) fn check_waiting(
    tx: &mut dyn Tx,
    effective: &Effective,
    grant: Key,
    bytes: u64,
) -> Result<(), Unpaid> {
    if effective.limit(Limit::StorageBytes).is_none() {
        return Ok(());
    }
    let waiting = usage::waiting(tx, grant)?;
    check_storage(tx, effective, grant, waiting.saturating_add(bytes))
}

/// Refuses a message that does not fit into what an account may keep.
pub(crate) fn check_storage(
    tx: &mut dyn Tx,
    effective: &Effective,
    grant: Key,
    bytes: u64,
) -> Result<(), Unpaid> {
    let Some(limit) = effective.limit(Limit::StorageBytes) else {
        return Ok(());
    };
    if usage::storage(tx, grant)?.saturating_add(bytes) > limit {
        return Err(short(grant, Shortage::Storage { limit }));
    }
    Ok(())
}

pub(crate) fn charge_month(
    tx: &mut dyn Tx,
    plan: &Plan,
    charge: &Charge,
    sent: u64,
) -> Result<(), Unpaid> {
    let sent_limit = plan.cap(Cap::SentPerMonth).filter(|_| sent > 0);
    let traffic_limit = plan.cap(Cap::TrafficPerMonth);
    if sent_limit.is_none() && traffic_limit.is_none() {
        return Ok(());
    }
    let added = Month {
        sent,
        bytes: charge.bytes,
    };
    let month = usage_month(charge.now);
    let used = usage::add_to_month(tx, charge.application, month, added)?;
    let wait_seconds = until_next_month(charge.now);
    if let Some(limit) = sent_limit.filter(|limit| used.sent > *limit) {
        return Err(short(
            charge.grant,
            Shortage::SentThisMonth {
                limit,
                wait_seconds,
            },
        ));
    }
    if let Some(limit) = traffic_limit.filter(|limit| used.bytes > *limit) {
        return Err(short(
            charge.grant,
            Shortage::TrafficThisMonth {
                limit,
                wait_seconds,
            },
        ));
    }
    Ok(())
}

/// Days since 1970.
pub(crate) fn usage_day(now: i64) -> i64 {
    now.div_euclid(SECONDS_PER_DAY)
}

/// Years times twelve, plus months from zero.
pub(crate) fn usage_month(now: i64) -> i64 {
    let (year, month) = civil_month(usage_day(now));
    year * 12 + (month - 1)
}

fn until_next_month(now: i64) -> u64 {
    let month = usage_month(now);
    let today = usage_day(now);
    // No month has more than 31 days.
    let first = (today + 1..=today + 31)
        .find(|day| usage_month(day * SECONDS_PER_DAY) != month)
        .unwrap_or(today + 31);
    until(now, first * SECONDS_PER_DAY)
}

/// Returns after how many seconds it is worth to come again, which is never said to be longer than an hour: limits change.
fn until(now: i64, then: i64) -> u64 {
    let seconds = u64::try_from(then - now).unwrap_or_default();
    seconds.clamp(1, WAIT_SECONDS_MAX)
}

/// Returns year and month of a day since 1970, in the proleptic Gregorian calendar.
fn civil_month(day: i64) -> (i64, i64) {
    // Years begin in March, so that the leap day is the last of its year; eras are 400 years.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_at_midnight_utc_of_their_first_day() {
        for (now, year, month) in [
            (0, 1970, 1),
            (951_782_399, 2000, 2),
            (951_868_799, 2000, 2),
            (951_868_800, 2000, 3),
            (1_798_761_599, 2026, 12),
            (1_798_761_600, 2027, 1),
        ] {
            assert_eq!(usage_month(now), year * 12 + month - 1, "{now}");
        }
        assert_eq!(until_next_month(1_798_761_599), 1);
        assert_eq!(until_next_month(1_798_761_600), WAIT_SECONDS_MAX);
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let shortage = Shortage::SentToday {
            limit: 200,
            wait_seconds: 5,
        };
        match Refusal::from(shortage) {
            Refusal::RateLimited {
                message,
                retry_after_seconds,
            } => {
                assert_eq!(message, "daily send limit of 200 reached");
                assert_eq!(retry_after_seconds, 5);
            }
            other => panic!("{other:?}"),
        }
        let full = Refusal::from(Shortage::Storage { limit: 7 });
        assert!(matches!(full, Refusal::PlanCap { message } if message.contains("for this plan")));
    }
}
