//! An SPF record, read (RFC 7208 4.6 and 12).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::macros::{DomainSpec, MacroString};

/// The record is not one. RFC 7208 4.6: any syntax error anywhere in it makes all of it a permanent error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SyntaxError;

/// What a matching mechanism says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// One mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(DomainSpec),
    A(Target),
    Mx(Target),
    Ptr(Option<DomainSpec>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(DomainSpec),
}

/// A host and how many bits of its addresses count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) domain: Option<DomainSpec>,
    pub(super) bits4: u8,
    pub(super) bits6: u8,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) directives: Vec<(Qualifier, Mechanism)>,
    pub(super) redirect: Option<DomainSpec>,
}

/// Tells whether a TXT record is an SPF record at all. RFC 7208 4.5: the version, then a space or nothing.
pub(super) fn is_record(text: &[u8]) -> bool {
    let Some((version, rest)) = text.split_at_checked(6) else {
        return false;
    };
    version.eq_ignore_ascii_case(b"v=spf1") && matches!(rest.first(), None | Some(b' '))
}

impl Record {
    /// Reads a record for which [`is_record`] holds.
    pub(super) fn parse(text: &[u8]) -> Result<Self, SyntaxError> {
        if !text.is_ascii() {
            return Err(SyntaxError);
        }
        let text = std::str::from_utf8(text).map_err(|_| SyntaxError)?;
        let mut record = Self {
            directives: Vec::new(),
            redirect: None,
        };
        let mut has_explanation = false;
        let terms = text.split(' ').skip(1).filter(|term| !term.is_empty());
        for term in terms {
            match modifier(term) {
                Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                    let target = DomainSpec::parse(value)?;
                    if record.redirect.replace(target).is_some() {
                        return Err(SyntaxError);
                    }
                }
                Some((name, value)) if name.eq_ignore_ascii_case("exp") => {
                    DomainSpec::parse(value)?;
                    if std::mem::replace(&mut has_explanation, true) {
                        return Err(SyntaxError);
                    }
                }
                Some((_, value)) => {
                    MacroString::parse(value)?;
                }
                None => record.directives.push(directive(term)?),
            }
        }
        Ok(record)
    }
}

/// Takes `name=value` apart; RFC 7208 12: a name starts with a letter.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut characters = name.chars();
    let is_name = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && characters.all(|other| other.is_ascii_alphanumeric() || "-_.".contains(other));
    is_name.then_some((name, value))
}

fn directive(term: &str) -> Result<(Qualifier, Mechanism), SyntaxError> {
    let (qualifier, term) = match term.as_bytes().first() {
        Some(b'+') => (Qualifier::Pass, &term[1..]),
        Some(b'-') => (Qualifier::Fail, &term[1..]),
        Some(b'~') => (Qualifier::SoftFail, &term[1..]),
        Some(b'?') => (Qualifier::Neutral, &term[1..]),
        _ => (Qualifier::Pass, term),
    };
    let name_end = term.find([':', '/']).unwrap_or(term.len());
    let (name, rest) = term.split_at(name_end);
    Ok((qualifier, mechanism(&name.to_ascii_lowercase(), rest)?))
}

/// Reads a mechanism; `rest` starts with the colon or slash that ended its name.
fn mechanism(name: &str, rest: &str) -> Result<Mechanism, SyntaxError> {
    match name {
        "all" if rest.is_empty() => Ok(Mechanism::All),
        "include" => Ok(Mechanism::Include(DomainSpec::parse(argument(rest)?)?)),
        "exists" => Ok(Mechanism::Exists(DomainSpec::parse(argument(rest)?)?)),
        "a" => Ok(Mechanism::A(target(rest)?)),
        "mx" => Ok(Mechanism::Mx(target(rest)?)),
        "ptr" if rest.is_empty() => Ok(Mechanism::Ptr(None)),
        "ptr" => Ok(Mechanism::Ptr(Some(DomainSpec::parse(argument(rest)?)?))),
        "ip4" => {
            let (address, bits) = network(argument(rest)?, 32)?;
            Ok(Mechanism::Ip4(
                address.parse().map_err(|_| SyntaxError)?,
                bits,
            ))
        }
        "ip6" => {
            let (address, bits) = network(argument(rest)?, 128)?;
            Ok(Mechanism::Ip6(
                address.parse().map_err(|_| SyntaxError)?,
                bits,
            ))
        }
        _ => Err(SyntaxError),
    }
}

fn argument(rest: &str) -> Result<&str, SyntaxError> {
    rest.strip_prefix(':').ok_or(SyntaxError)
}

fn network(text: &str, bits_max: u8) -> Result<(&str, u8), SyntaxError> {
    match text.split_once('/') {
        None => Ok((text, bits_max)),
        Some((address, bits)) => Ok((address, bits_of(bits, bits_max)?)),
    }
}

/// Reads `[":" domain-spec] [dual-cidr-length]`.
fn target(rest: &str) -> Result<Target, SyntaxError> {
    let (rest, bits6) = match rest.rsplit_once("//") {
        Some((before, bits)) if is_digits(bits) => (before, bits_of(bits, 128)?),
        _ => (rest, 128),
    };
    let (rest, bits4) = match rest.rsplit_once('/') {
        Some((before, bits)) if is_digits(bits) => (before, bits_of(bits, 32)?),
        _ => (rest, 32),
    };
    let domain = match rest {
        "" => None,
        _ => Some(DomainSpec::parse(argument(rest)?)?),
    };
    Ok(Target {
        domain,
        bits4,
        bits6,
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 7208 5.6: no leading zeros, nothing above the address's length.
fn bits_of(text: &str, bits_max: u8) -> Result<u8, SyntaxError> {
    if !is_digits(text) || (text.len() > 1 && text.starts_with('0')) {
        return Err(SyntaxError);
    }
    let bits: u8 = text.parse().map_err(|_| SyntaxError)?;
    (bits <= bits_max).then_some(bits).ok_or(SyntaxError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Record, SyntaxError> {
        Record::parse(text.as_bytes())
    }

    #[test]
    fn a_record_is_told_from_other_texts() {
        for text in ["v=spf1", "V=SPF1 -all", "v=spf1  "] {
            assert!(is_record(text.as_bytes()), "{text}");
        }
        for text in ["", "v=spf", "v=spf10", "v=spf1-all", " v=spf1"] {
            assert!(!is_record(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn every_kind_of_term_is_read() {
        let record = parse(
            "v=spf1 +a -mx/24 ?a:h.example.org/24//64 ~ip4:192.0.2.0/24 ip6:2001:db8::/32 \
             include:i.example.org exists:%{ir}.e.example.org ptr PTR:p.example.org x-y=z%% \
             exp=e.example.org redirect=r.example.org -ALL",
        )
        .unwrap();
        assert_eq!(record.directives.len(), 10);
        assert!(record.redirect.is_some());
        let (qualifier, mechanism) = &record.directives[2];
        assert_eq!(*qualifier, Qualifier::Neutral);
        let Mechanism::A(target) = mechanism else {
            panic!("{mechanism:?}");
        };
        assert_eq!((target.bits4, target.bits6), (24, 64));
    }

    #[test]
    fn one_mistake_spoils_all_of_it() {
        for text in [
            "v=spf1 all:x",
            "v=spf1 a:",
            "v=spf1 a/33",
            "v=spf1 a/024",
            "v=spf1 a//129",
            "v=spf1 a:example.org/",
            "v=spf1 ip4:1.2.3",
            "v=spf1 ip4:1.2.3.4/",
            "v=spf1 ip6:::g",
            "v=spf1 include",
            "v=spf1 exists",
            "v=spf1 nonsense",
            "v=spf1 --all",
            "v=spf1 redirect=a.example redirect=b.example",
            "v=spf1 exp=a.example exp=b.example",
            "v=spf1 a:%{x}",
            "v=spf1 a:%",
            "v=spf1 =all",
            "v=spf1 ä",
        ] {
            assert_eq!(parse(text).unwrap_err(), SyntaxError, "{text}");
        }
    }
}
