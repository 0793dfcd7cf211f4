//! The policy document. RFC 8461 3.2.

use crate::limits::{MTA_STS_AGE_SECONDS_MAX, MTA_STS_MX_MAX};

/// How much a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Mail must not go to servers that fail it.
    Enforce,
    /// Failures are reported, mail goes on.
    Testing,
    /// There is no policy any more.
    None,
}

/// A policy that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What it wants.
    pub mode: Mode,
    /// Names of mail servers, lower case; `*.` at the start stands for one label.
    pub mx: Vec<String>,
    /// How long it is believed after it was fetched, in seconds.
    pub max_age_seconds: i64,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Bytes that no policy has.
    #[error("it is not text")]
    NotText,
    /// The first line of a kind that must be there is missing or not understood.
    #[error("its `{0}` line is missing or not valid")]
    Field(&'static str),
}

impl Policy {
    /// Reads a document. Lines of unknown kinds are skipped; of a repeated line the first counts, but for `mx`.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn parse(document: &[u8]) -> Result<Self, PolicyError> {
        let text = std::str::from_utf8(document).map_err(|_| PolicyError::NotText)?;
        let fields: Vec<(&str, &str)> = text
            .split('\n')
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let first = |wanted: &'static str| {
            let found = fields.iter().find(|(name, _)| *name == wanted);
            found
                .map(|(_, value)| *value)
                .ok_or(PolicyError::Field(wanted))
        };
        if first("version")? != "STSv1" {
            return Err(PolicyError::Field("version"));
        }
        let mode = match first("mode")? {
            "enforce" => Mode::Enforce,
            "testing" => Mode::Testing,
            "none" => Mode::None,
            _ => return Err(PolicyError::Field("mode")),
        };
        let max_age = first("max_age")?;
        if max_age.is_empty() || max_age.len() > 10 || !max_age.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(PolicyError::Field("max_age"));
        }
        let max_age_seconds: i64 = max_age.parse().map_err(|_| PolicyError::Field("max_age"))?;
        let mx: Vec<String> = fields
            .iter()
            .filter(|(name, value)| *name == "mx" && !value.is_empty())
            .map(|(_, value)| bare(value))
            .take(MTA_STS_MX_MAX)
            .collect();
        if mx.is_empty() && mode != Mode::None {
            return Err(PolicyError::Field("mx"));
        }
        Ok(Self {
            mode,
            mx,
            max_age_seconds: max_age_seconds.min(MTA_STS_AGE_SECONDS_MAX),
        })
    }

    /// Whether the policy names this server. RFC 8461 4.1.
    pub fn names(&self, host: &str) -> bool {
        let host = bare(host);
        self.mx
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                // The star stands for the whole left-most label, and for no more.
                Some(parent) => host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
                None => *pattern == host,
            })
    }
}

fn bare(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n";

    #[test]
    fn example_of_the_rfc_is_understood_with_either_line_end() {
        for text in [EXAMPLE.to_owned(), EXAMPLE.replace("\r\n", "\n")] {
            let policy = Policy::parse(text.as_bytes()).expect("valid");
            assert_eq!(policy.mode, Mode::Enforce);
            assert_eq!(policy.max_age_seconds, 604_800);
            assert_eq!(
                policy.mx,
                ["mail.example.com", "*.example.net", "backupmx.example.com"]
            );
        }
    }

    #[test]
    fn star_stands_for_one_label() {
        let policy = Policy::parse(EXAMPLE.as_bytes()).expect("valid");
        for named in ["mail.example.com", "MAIL.Example.com.", "mx1.example.net"] {
            assert!(policy.names(named), "{named}");
        }
        for other in [
            "example.net",
            "a.b.example.net",
            ".example.net",
            "mail.example.com.evil.org",
            "x.mail.example.com",
        ] {
            assert!(!policy.names(other), "{other}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = [
            ("mode: enforce\nmx: a\nmax_age: 1\n", "version"),
            (
                "version: STSv2\nmode: enforce\nmx: a\nmax_age: 1\n",
                "version",
            ),
            ("version: STSv1\nmode: strict\nmx: a\nmax_age: 1\n", "mode"),
            ("version: STSv1\nmode: enforce\nmax_age: 1\n", "mx"),
            ("version: STSv1\nmode: enforce\nmx: a\n", "max_age"),
            (
                "version: STSv1\nmode: enforce\nmx: a\nmax_age: -1\n",
                "max_age",
            ),
            (
                "version: STSv1\nmode: enforce\nmx: a\nmax_age: 99999999999\n",
                "max_age",
            ),
            ("<html>", "version"),
        ];
        for (text, field) in wrong {
            assert_eq!(
                Policy::parse(text.as_bytes()),
                Err(PolicyError::Field(field)),
                "{text}"
            );
        }
        assert_eq!(Policy::parse(&[0xff]), Err(PolicyError::NotText));
    }

    #[test]
    fn a_policy_of_none_needs_no_servers_and_the_first_mode_counts() {
        let policy =
            Policy::parse(b"version: STSv1\nmode: none\nmode: enforce\nmax_age: 4000000000\n")
                .expect("valid");
        assert_eq!(policy.mode, Mode::None);
        assert_eq!(policy.max_age_seconds, MTA_STS_AGE_SECONDS_MAX);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(document in proptest::collection::vec(any::<u8>(), 0..400), host in "[a-z.*]{0,20}") {
            if let Ok(policy) = Policy::parse(&document) {
                let _ = policy.names(&host);
            }
        }
    }
}
