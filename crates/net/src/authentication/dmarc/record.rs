//! A DMARC policy record, read (RFC 9989 4.7).

use crate::authentication::verdict::Policy;

/// How close an authenticated domain must be to the author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alignment {
    /// Of the same organisation.
    Relaxed,
    /// The same.
    Strict,
}

/// What `psd=` says of the domain itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suffix {
    /// `y`: others register names below it.
    Public,
    /// `n`: it is an organisation's.
    Organizational,
    /// `u` or nothing.
    Unknown,
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// For the domain itself.
    pub(super) policy: Policy,
    /// For names below it.
    pub(super) subdomains: Option<Policy>,
    /// For names below it that do not exist.
    pub(super) absent: Option<Policy>,
    pub(super) dkim: Alignment,
    pub(super) spf: Alignment,
    pub(super) suffix: Suffix,
    /// `t=y`: the domain's owner is still trying.
    pub(super) is_testing: bool,
}

impl Record {
    /// Reads a TXT record; `None` when it is none of DMARC's. Unknown tags and values are passed over, and so are the
    /// tags that older standards had.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut tags = text.split(';').map(tag);
        // RFC 9989 4.7: the version comes first, and its value is in capitals.
        let (name, version) = tags.next()??;
        if !name.eq_ignore_ascii_case("v") || version != "DMARC1" {
            return None;
        }
        let mut record = Self {
            // RFC 9989 4.7: a record without a policy asks for nothing.
            policy: Policy::None,
            subdomains: None,
            absent: None,
            dkim: Alignment::Relaxed,
            spf: Alignment::Relaxed,
            suffix: Suffix::Unknown,
            is_testing: false,
        };
        for (name, value) in tags.flatten() {
            let value = value.to_ascii_lowercase();
            match name.to_ascii_lowercase().as_str() {
                "p" => record.policy = policy(&value).unwrap_or(Policy::None),
                "sp" => record.subdomains = policy(&value),
                "np" => record.absent = policy(&value),
                "adkim" => record.dkim = alignment(&value),
                "aspf" => record.spf = alignment(&value),
                "psd" => record.suffix = suffix(&value),
                "t" => record.is_testing = value == "y",
                _ => {}
            }
        }
        Some(record)
    }

    /// Returns what is asked for mail of the domain itself, or of a name below it.
    pub(super) fn policy_for(&self, is_own: bool, exists: bool) -> Policy {
        let wanted = match (is_own, exists) {
            (true, _) => self.policy,
            (false, true) => self.subdomains.unwrap_or(self.policy),
            (false, false) => self.absent.or(self.subdomains).unwrap_or(self.policy),
        };
        // RFC 9989 4.7: while testing, what is asked for is one step milder.
        match (self.is_testing, wanted) {
            (true, Policy::Reject) => Policy::Quarantine,
            (true, _) => Policy::None,
            (false, wanted) => wanted,
        }
    }
}

fn tag(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim(), value.trim()))
}

fn policy(value: &str) -> Option<Policy> {
    Policy::ALL
        .iter()
        .copied()
        .find(|policy| policy.word() == value)
}

fn alignment(value: &str) -> Alignment {
    match value {
        "s" => Alignment::Strict,
        _ => Alignment::Relaxed,
    }
}

fn suffix(value: &str) -> Suffix {
    match value {
        "y" => Suffix::Public,
        "n" => Suffix::Organizational,
        _ => Suffix::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_05_old_and_strange_records_are_read() {
        let old = Record::parse(
            b"v=DMARC1; p=reject; pct=5; rua=mailto:a@example.org; ri=3600; rf=afrf; fo=1;",
        );
        assert_eq!(old.unwrap().policy, Policy::Reject);
        let spaced =
            Record::parse(b"V = DMARC1 ;P = Quarantine ;sp=NONE; adkim=s; zzz; =;").unwrap();
        assert_eq!(spaced.policy, Policy::Quarantine);
        assert_eq!(spaced.subdomains, Some(Policy::None));
        assert_eq!(spaced.dkim, Alignment::Strict);
        for without in [
            "v=DMARC1",
            "v=DMARC1;",
            "v=DMARC1; p=",
            "v=DMARC1; p=maybe; rua=x",
        ] {
            let record = Record::parse(without.as_bytes()).unwrap();
            assert_eq!(record.policy, Policy::None, "{without}");
        }
    }

    #[test]
    fn auth_05_other_records_are_none_of_dmarcs() {
        for text in [
            "",
            "v=spf1 -all",
            "p=reject; v=DMARC1",
            "v=dmarc1; p=reject",
            "v=DMARC12",
        ] {
            assert_eq!(Record::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn auth_05_names_below_have_policies_of_their_own_and_testing_softens_them() {
        let record = Record::parse(b"v=DMARC1; p=quarantine; sp=none; np=reject").unwrap();
        assert_eq!(record.policy_for(true, true), Policy::Quarantine);
        assert_eq!(record.policy_for(false, true), Policy::None);
        assert_eq!(record.policy_for(false, false), Policy::Reject);
        let plain = Record::parse(b"v=DMARC1; p=reject").unwrap();
        assert_eq!(plain.policy_for(false, false), Policy::Reject);
        let testing = Record::parse(b"v=DMARC1; p=reject; sp=quarantine; t=y").unwrap();
        assert_eq!(testing.policy_for(true, true), Policy::Quarantine);
        assert_eq!(testing.policy_for(false, true), Policy::None);
    }
}
