//! Typed lists: what they may hold, in the one spelling in which it is looked up.

use posthouse_types::address::EmailAddress;
use posthouse_types::domain::Domain;
use posthouse_types::ids::Key;

use crate::limits::{ITEM_CHARACTERS_MAX, TLD_LABELS_MAX};

/// Names a list.
pub type ListKey = Key;

/// What a list holds; never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i64)]
pub enum ListType {
    /// Domains, each for itself and not for what is below it.
    Domain = 1,
    /// Endings of domains: `ru`, `co.uk`.
    Tld = 2,
    /// Whole addresses.
    Address = 3,
}

impl ListType {
    /// All of them, in the order in which they are named to people.
    pub const ALL: [Self; 3] = [Self::Domain, Self::Tld, Self::Address];

    /// Returns the name that the API uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Tld => "tld",
            Self::Address => "address",
        }
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns what a stored number stands for.
    #[must_use]
    pub fn from_stored(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }

    /// Returns a value in the spelling that is stored and looked up: trimmed, lower case, domains as A-labels, without
    /// the leading `@` of a domain or the leading dot of an ending.
    ///
    /// # Errors
    /// What is wrong with it, without the value itself.
    pub fn canonical(self, value: &str) -> Result<String, String> {
        let value = value.trim();
        if value.chars().count() > ITEM_CHARACTERS_MAX {
            return Err(format!("longer than {ITEM_CHARACTERS_MAX} characters"));
        }
        match self {
            Self::Address => match EmailAddress::parse_envelope(value) {
                Ok(address) => Ok(address.folded()),
                Err(error) => Err(format!("not an address: {error}")),
            },
            Self::Domain => domain(value.strip_prefix('@').unwrap_or(value)),
            Self::Tld => {
                let ending = domain(value.strip_prefix('.').unwrap_or(value))?;
                if ending.split('.').count() > TLD_LABELS_MAX {
                    return Err(format!("more than {TLD_LABELS_MAX} labels"));
                }
                Ok(ending)
            }
        }
    }
}

fn domain(value: &str) -> Result<String, String> {
    match Domain::parse(value) {
        Ok(domain) => Ok(domain.as_str().to_owned()),
        Err(error) => Err(format!("not a domain: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_one_spelling() {
        let spelt = |kind: ListType, value: &str| kind.canonical(value).unwrap();
        assert_eq!(spelt(ListType::Domain, " @OK.Example. "), "ok.example");
        assert_eq!(
            spelt(ListType::Domain, "bücher.example"),
            "xn--bcher-kva.example"
        );
        assert_eq!(spelt(ListType::Tld, ".CO.UK"), "co.uk");
        assert_eq!(spelt(ListType::Tld, "рф"), "xn--p1ai");
        assert_eq!(
            spelt(ListType::Address, " Ann@Shop.Example "),
            "ann@shop.example"
        );
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for (kind, value) in [
            (ListType::Domain, ""),
            (ListType::Domain, "a@b.example"),
            (ListType::Domain, "*.example"),
            (ListType::Tld, "a.b.c.d.e.f.g"),
            (ListType::Address, "shop.example"),
            (ListType::Address, "a@ok(x)evil.example"),
        ] {
            assert!(kind.canonical(value).is_err(), "{value}");
        }
        let long = format!("{}.example", "a.".repeat(ITEM_CHARACTERS_MAX));
        assert!(ListType::Domain.canonical(&long).is_err());
    }
}
