//! A domain that begins to send: so many recipients of other servers a day, the rest waits for the next one.
//!
//! A row of the queue is counted when it is let go for its first attempt, in the transaction that claims it, and never again:
//! what is tried once more costs nothing of the day.

use std::collections::{BTreeMap, HashMap, HashSet};

use posthouse_store::tables::domains::{RegisteredDomain, WarmUp};
use posthouse_store::tables::outbound::remote::{self, RemoteClaim};
use posthouse_store::tables::warm_up;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use crate::suppressions::sending_domain;

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// What waited for the next day comes back within so many microseconds of it, not at once.
const SPREAD_US: i64 = 3_600 * 1_000_000;

/// Returns what a domain may send on a day (days since 1970, UTC); `None`: as much as there is.
pub(crate) fn allowance(warm_up: &WarmUp, day: i64) -> Option<i64> {
    let first = warm_up.started_at.div_euclid(24 * 3_600);
    let index = usize::try_from((day - first).max(0)).ok()?;
    warm_up.per_day.get(index).copied()
}

/// Returns the day of a time.
pub(crate) fn day_of(now_us: i64) -> i64 {
    now_us.div_euclid(DAY_US)
}

/// A domain that warms up and what of its mail was claimed.
struct Claimed<'a> {
    domain: Key,
    allowance: i64,
    rows: Vec<&'a RemoteClaim>,
}

/// What a warm-up says of claimed mail.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Rows that were let go now.
    pub(super) admitted: HashSet<Key>,
    /// Rows that must not be attempted.
    pub(super) withheld: HashSet<Key>,
}

/// Counts claimed mail and puts what is beyond the day's allowance back.
/// `senders` are the registered domains by the names that mail is from.
pub(super) fn judge(
    tx: &mut dyn Tx,
    claimed: &[&RemoteClaim],
    senders: &HashMap<String, RegisteredDomain>,
    now_us: i64,
) -> Result<Judged, StoreError> {
    let day = day_of(now_us);
    let mut judged = Judged::default();
    // In one order everywhere, so that two processes that claim wait for each other and not both for ever.
    let mut of_domains: BTreeMap<Key, Claimed<'_>> = BTreeMap::new();
    for row in claimed.iter().filter(|row| row.admitted_at.is_none()) {
        let Some(domain) = senders.get(sending_domain(&row.envelope_from)) else {
            continue;
        };
        let warm_up = domain.warm_up.as_ref();
        let Some(allowance) = warm_up.and_then(|warm_up| allowance(warm_up, day)) else {
            continue;
        };
        let claimed = of_domains.entry(domain.id).or_insert_with(|| Claimed {
            domain: domain.id,
            allowance,
            rows: Vec::new(),
        });
        claimed.rows.push(row);
    }
    for mut claimed in of_domains.into_values() {
        claimed.rows.sort_unstable_by_key(|row| row.id);
        let wanted = claimed.rows.len() as i64;
        let admitted = warm_up::admit(tx, claimed.domain, day, wanted, claimed.allowance)?;
        let split = usize::try_from(admitted).unwrap_or(0);
        let (now, later) = claimed.rows.split_at(split.min(claimed.rows.len()));
        let keys: Vec<Key> = now.iter().map(|row| row.id).collect();
        warm_up::note_admitted(tx, &keys, now_us / 1_000_000)?;
        judged.admitted.extend(keys);
        let reason = format!(
            "the domain warms up: its {} recipients of today are used up",
            claimed.allowance
        );
        for row in later {
            let due_us = (day + 1) * DAY_US + rand::random_range(0..SPREAD_US);
            remote::postpone(tx, row.id, row.token, due_us, &reason)?;
            judged.withheld.insert(row.id);
        }
        for (outcome, count) in [("admitted", now.len()), ("postponed", later.len())] {
            metrics::counter!("posthouse_delivery_warm_up_recipients_total", "outcome" => outcome)
                .increment(count as u64);
        }
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_utc_day_has_its_number_and_behind_the_last_there_is_none() {
        let warm_up = WarmUp {
            per_day: vec![50, 100],
            // 1970-01-02 23:59:59
            started_at: 2 * 86_400 - 1,
        };
        assert_eq!(allowance(&warm_up, 0), Some(50));
        assert_eq!(allowance(&warm_up, 1), Some(50));
        assert_eq!(allowance(&warm_up, 2), Some(100));
        assert_eq!(allowance(&warm_up, 3), None);
        assert_eq!(day_of(2 * DAY_US - 1), 1);
    }
}
