//! What a look into DNS changes: when a record begins to count, and when it stops.

use posthouse_store::tables::domain_checks::{CheckStatus, DomainCheck};

use super::check::Finding;
use super::limits::FAILURE_SECONDS_MAX;
use super::records::RecordKind;

/// Returns what is kept after a look.
///
/// A record that was found goes on counting until it has been missing for [`FAILURE_SECONDS_MAX`] without a break: a zone
/// that is broken for a day takes nobody's mail away.
pub(crate) fn after(
    before: Option<&DomainCheck>,
    kind: RecordKind,
    finding: &Finding,
    now: i64,
) -> DomainCheck {
    let status = match finding.holds {
        true => CheckStatus::Done,
        false => finding.status,
    };
    let since = before
        .filter(|before| before.counts())
        .map(|before| before.failing_since.unwrap_or(now));
    DomainCheck {
        kind: kind.name().to_owned(),
        status,
        expected: finding.expected.clone(),
        found: finding.found.clone(),
        message: finding.message.clone(),
        created_at: before.map_or(now, |before| before.created_at),
        checked_at: now,
        failing_since: since.filter(|since| !finding.holds && now - since < FAILURE_SECONDS_MAX),
    }
}

/// Returns what is kept after a look that no name server answered: what was known goes on counting as it did.
pub(crate) fn after_silence(
    before: Option<&DomainCheck>,
    kind: RecordKind,
    message: &str,
    now: i64,
) -> DomainCheck {
    match before {
        Some(before) => DomainCheck {
            message: message.to_owned(),
            checked_at: now,
            ..before.clone()
        },
        None => DomainCheck {
            kind: kind.name().to_owned(),
            status: CheckStatus::Pending,
            expected: String::new(),
            found: String::new(),
            message: message.to_owned(),
            created_at: now,
            checked_at: now,
            failing_since: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn finding(holds: bool) -> Finding {
        Finding {
            status: match holds {
                true => CheckStatus::Done,
                false => CheckStatus::Pending,
            },
            holds,
            expected: String::new(),
            found: String::new(),
            message: String::new(),
            keys: Vec::new(),
        }
    }

    fn look(before: Option<&DomainCheck>, holds: bool, now: i64) -> DomainCheck {
        after(before, RecordKind::Spf, &finding(holds), now)
    }

    #[test]
    fn a_record_counts_until_it_was_missing_for_three_days_on_end() {
        let found = look(None, true, 0);
        let missing = look(Some(&found), false, 24 * HOUR);
        assert!(missing.counts());
        assert_eq!(missing.failing_since, Some(24 * HOUR));
        let still = look(Some(&missing), false, 95 * HOUR);
        assert!(still.counts());
        let over = look(Some(&still), false, 96 * HOUR);
        assert!(!over.counts());
        assert!(!look(Some(&over), false, 97 * HOUR).counts());
        assert!(look(Some(&over), true, 98 * HOUR).counts());
    }

    #[test]
    fn being_seen_once_begins_the_three_days_anew() {
        let found = look(None, true, 0);
        let missing = look(Some(&found), false, 60 * HOUR);
        let back = look(Some(&missing), true, 70 * HOUR);
        assert_eq!(back.failing_since, None);
        assert!(look(Some(&back), false, 140 * HOUR).counts());
    }

    #[test]
    fn a_record_that_was_never_found_does_not_count() {
        let absent = look(None, false, 0);
        assert!(!absent.counts());
        assert!(!look(Some(&absent), false, HOUR).counts());
    }

    #[test]
    fn silence_changes_nothing_but_the_time() {
        let found = look(None, true, 0);
        let silent = after_silence(Some(&found), RecordKind::Spf, "nobody answered", HOUR);
        assert!(silent.counts() && silent.failing_since.is_none());
        assert_eq!((silent.created_at, silent.checked_at), (0, HOUR));
        assert!(!after_silence(None, RecordKind::Spf, "nobody answered", HOUR).counts());
    }
}
