//! Times for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A Unix time in the reader's zone, to the minute; empty when there is none.
pub fn moment(seconds: &Value) -> String {
    let Some(timestamp) = seconds
        .as_i64()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
    else {
        return String::new();
    };
    timestamp
        .to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// The Unix seconds of an HTTP `Date`.
pub fn http_date_unix(date: &str) -> Option<i64> {
    let parsed = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(parsed.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_understood() {
        assert_eq!(
            http_date_unix("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        assert_eq!(http_date_unix("yesterday"), None);
    }

    #[test]
    fn missing_time_is_empty() {
        assert_eq!(moment(&Value::Null), "");
        assert_eq!(moment(&Value::from(i64::MAX)), "");
    }
}
