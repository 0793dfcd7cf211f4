//! How a domain's mail leaves: from which addresses of this host, and how much a day while it warms up.

use std::net::IpAddr;

use posthouse_store::tables::domains::WarmUp;

use super::limits::{SOURCE_ADDRESSES_MAX, WARM_UP_DAYS_MAX, WARM_UP_RECIPIENTS_MAX};
use crate::Refusal;

/// The recipients of other servers on the days of a warm-up where the operator names none.
pub const WARM_UP_DEFAULT: [i64; 12] = [
    50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 100_000,
];

/// Reads the addresses that a domain's mail is to leave from. Whether this host has them shows when mail leaves: they may be
/// those of another process.
pub(super) fn source_addresses(texts: &[String]) -> Result<Vec<IpAddr>, Refusal> {
    let wrong = |place: usize, why: &str| {
        let field = format!("source_addresses[{place}]");
        let message = format!("{field}: {why}");
        Refusal::invalid(field, message)
    };
    if texts.len() > SOURCE_ADDRESSES_MAX {
        let message = format!("source_addresses: at most {SOURCE_ADDRESSES_MAX}");
        return Err(Refusal::invalid("source_addresses", message));
    }
    let mut addresses = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        let address: IpAddr = text
            .parse()
            .map_err(|_| wrong(place, "expected an IPv4 or IPv6 address"))?;
        if address.is_unspecified() || address.is_multicast() {
            return Err(wrong(place, "nothing can leave from this address"));
        }
        addresses.push(address);
    }
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

/// Reads a warm-up; `per_day` is empty for the default one. One that is under way goes on with the new numbers.
pub(super) fn warm_up(
    per_day: Vec<i64>,
    before: Option<&WarmUp>,
    now: i64,
) -> Result<WarmUp, Refusal> {
    let per_day = match per_day.is_empty() {
        true => WARM_UP_DEFAULT.to_vec(),
        false => per_day,
    };
    let fits = |count: &i64| (1..=WARM_UP_RECIPIENTS_MAX).contains(count);
    if per_day.len() > WARM_UP_DAYS_MAX || !per_day.iter().all(fits) {
        let field = "warm_up.per_day";
        let message = format!(
            "{field}: expected up to {WARM_UP_DAYS_MAX} numbers from 1 to {WARM_UP_RECIPIENTS_MAX}"
        );
        return Err(Refusal::invalid(field, message));
    }
    Ok(WarmUp {
        per_day,
        started_at: before.map_or(now, |before| before.started_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Vec<String> {
        of.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn addresses_are_addresses_that_something_can_leave_from_each_once() {
        let read = source_addresses(&texts(&["192.0.2.2", "2001:db8::1", "192.0.2.2"])).unwrap();
        assert_eq!(read.len(), 2);
        for bad in [
            "192.0.2",
            "mx.example.net",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "192.0.2.1/32",
        ] {
            assert!(source_addresses(&texts(&[bad])).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..=SOURCE_ADDRESSES_MAX)
            .map(|last| format!("192.0.2.{last}"))
            .collect();
        assert!(source_addresses(&many).is_err());
    }

    #[test]
    fn a_warm_up_begins_when_it_is_turned_on_and_goes_on_when_its_numbers_change() {
        let first = warm_up(Vec::new(), None, 100).unwrap();
        assert_eq!((first.started_at, first.per_day[0]), (100, 50));
        let changed = warm_up(vec![5], Some(&first), 200).unwrap();
        assert_eq!((changed.started_at, changed.per_day), (100, vec![5]));
        for bad in [
            vec![0],
            vec![-1],
            vec![WARM_UP_RECIPIENTS_MAX + 1],
            vec![1; WARM_UP_DAYS_MAX + 1],
        ] {
            assert!(warm_up(bad, None, 0).is_err());
        }
    }
}
