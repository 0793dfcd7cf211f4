//! Times as people type them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Reads a Unix second, an RFC 3339 time, a civil time in this machine's zone, or a distance from now such as `+2h` or `-2h`.
///
/// # Errors
/// What would have been understood.
pub fn unix_seconds(text: &str) -> Result<i64, String> {
    read(text, Timestamp::now(), &TimeZone::system()).ok_or_else(|| {
        "write +2h, -2h, 2027-01-04, 2027-01-04T09:00:00+01:00, \"2027-01-04 09:00\" or a Unix second".to_owned()
    })
}

fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    if let Some(distance) = text.strip_prefix(['+', '-']) {
        if !distance.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let distance: SignedDuration = distance.parse().ok()?;
        let moment = match text.starts_with('-') {
            true => now.checked_sub(distance),
            false => now.checked_add(distance),
        };
        return Some(moment.ok()?.as_second());
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_second());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood_as_people_write_them() {
        let now = Timestamp::from_second(1_790_000_000).expect("a time");
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (text, seconds) in [
            ("1790000100", 1_790_000_100),
            ("+90s", 1_790_000_090),
            ("+2h", 1_790_007_200),
            ("+1h30m", 1_790_005_400),
            ("-2h", 1_789_992_800),
            ("2027-01-04", 1_799_017_200),
            ("2027-01-04T09:00:00+02:00", 1_799_046_000),
            ("2027-01-04T07:00:00Z", 1_799_046_000),
            ("2027-01-04 08:00", 1_799_046_000),
        ] {
            assert_eq!(read(text, now, &zone), Some(seconds), "{text}");
        }
        for text in [
            "",
            "+",
            "soon",
            "2h",
            "+-",
            "--2h",
            "-5",
            "+5",
            "2027-13-01 09:00",
            "9:00",
        ] {
            assert_eq!(read(text, now, &zone), None, "{text}");
        }
    }
}
