//! The query dialect: small readers over the decoded parameters.
//!
//! Unknown parameters are ignored, an empty value equals an absent one, spaces may be `+` or `%20`, booleans come in
//! any letter case, and lists repeated, comma-joined, or both.

mod metadata_pair;
mod page;
mod select;

pub use metadata_pair::metadata_pairs;
pub use page::{PageSize, Paging};
pub use select::Select;

use percent_encoding::percent_decode_str;

use crate::error::ApiError;
use crate::limits::{QUERY_PARAMETERS_MAX, TIME_SECONDS_MAX};
use crate::openapi::Described;

/// The decoded parameters of one request, in order, without the empty ones.
#[derive(Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
    described: Described,
}

impl Query {
    /// Decodes the part of the URL behind `?`. Fails on text that is not UTF-8 or holds NUL, which no store keeps.
    pub fn parse(raw: Option<&str>) -> Result<Self, ApiError> {
        let raw = raw.unwrap_or_default();
        let mut pairs = Vec::new();
        for pair in raw.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name.is_empty() || value.is_empty() {
                continue;
            }
            if pairs.len() == QUERY_PARAMETERS_MAX {
                return Err(ApiError::bad_request(format!(
                    "at most {QUERY_PARAMETERS_MAX} query parameters are read"
                )));
            }
            // A name that is not text is no parameter we know.
            let Some(name) = decode(name) else { continue };
            let Some(value) = decode(value) else {
                return Err(ApiError::invalid(name, "expected UTF-8 text without NUL"));
            };
            pairs.push((name, value));
        }
        Ok(Self {
            pairs,
            described: Described::default(),
        })
    }

    /// Holds whoever reads the parameters to what a route's description names.
    pub(crate) fn described(self, described: Described) -> Self {
        Self { described, ..self }
    }

    /// Returns a parameter's text; the first one when it is repeated.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.described.check_parameter(name);
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns whether a parameter is there and not empty.
    pub fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// Reads a boolean: `true`, `false`, `1` or `0`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text {
            "1" => Ok(Some(true)),
            "0" => Ok(Some(false)),
            _ if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            _ if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(ApiError::invalid(name, "expected true or false")),
        }
    }

    /// Reads a time in Unix seconds.
    pub fn time(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let seconds = text
            .parse::<i64>()
            .ok()
            .filter(|seconds| (0..=TIME_SECONDS_MAX).contains(seconds));
        match seconds {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(ApiError::invalid(name, "expected a time in Unix seconds")),
        }
    }

    /// Reads a list: every value of a repeated parameter, each split at its commas, trimmed, without empty pieces.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.described.check_parameter(name);
        let values = self.pairs.iter().filter(|(key, _)| key == name);
        let pieces = values.flat_map(|(_, value)| value.split(','));
        pieces
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Reads a list of at most `values_max` values.
    pub fn list_of_at_most(&self, name: &str, values_max: usize) -> Result<Vec<String>, ApiError> {
        let values = self.list(name);
        if values.len() > values_max {
            return Err(ApiError::invalid(
                name,
                format!("at most {values_max} values are allowed"),
            ));
        }
        Ok(values)
    }

    /// Reads one word of a closed set; the answer is the set's own spelling.
    pub fn choice(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match choices.iter().find(|choice| **choice == text) {
            Some(choice) => Ok(Some(choice)),
            None => Err(ApiError::invalid(
                name,
                format!("expected one of {}", choices.join(", ")),
            )),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced;
    let text = if text.contains('+') {
        spaced = text.replace('+', " ");
        spaced.as_str()
    } else {
        text
    };
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(Some(raw)).unwrap()
    }

    #[test]
    fn booleans_come_in_any_case_and_as_digits() {
        let read = |raw: &str| query(raw).flag("unread");
        assert_eq!(read("unread=True").unwrap(), Some(true));
        assert_eq!(read("unread=FALSE").unwrap(), Some(false));
        assert_eq!(read("unread=1").unwrap(), Some(true));
        assert_eq!(read("unread=0").unwrap(), Some(false));
        assert_eq!(read("unread=").unwrap(), None);
        assert_eq!(read("").unwrap(), None);
        assert_eq!(
            read("unread=yes").unwrap_err().message(),
            "unread: expected true or false"
        );
    }

    #[test]
    fn repeated_and_comma_joined_lists_merge() {
        let list =
            query("from=a@x.example,b@x.example&from=c@x.example&from=&from=%2C").list("from");
        assert_eq!(list, ["a@x.example", "b@x.example", "c@x.example"]);
        assert!(
            query("any_email=a,b,c")
                .list_of_at_most("any_email", 2)
                .is_err()
        );
    }

    #[test]
    fn spaces_come_as_plus_or_percent_20() {
        assert_eq!(
            query("subject=a+b%20c%2Bd").text("subject"),
            Some("a b c+d")
        );
    }

    #[test]
    fn values_are_decoded_exactly_once() {
        assert_eq!(query("subject=%2541").text("subject"), Some("%41"));
    }

    #[test]
    fn times_are_unix_seconds() {
        assert_eq!(
            query("since=1790000000").time("since").unwrap(),
            Some(1_790_000_000)
        );
        for bad in [
            "since=soon",
            "since=-1",
            "since=1.5",
            "since=99999999999999999999",
        ] {
            assert!(query(bad).time("since").is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_by_name() {
        assert_eq!(
            Query::parse(Some("subject=%FF")).unwrap_err().field(),
            Some("subject")
        );
        assert_eq!(
            Query::parse(Some("subject=a%00b")).unwrap_err().field(),
            Some("subject")
        );
    }

    #[test]
    fn a_flood_of_parameters_is_refused() {
        let flood = "a=1&".repeat(QUERY_PARAMETERS_MAX + 1);
        assert!(Query::parse(Some(&flood)).is_err());
        assert!(Query::parse(Some(&"a=1&".repeat(QUERY_PARAMETERS_MAX))).is_ok());
    }
}
