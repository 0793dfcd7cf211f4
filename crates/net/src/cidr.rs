//! Ranges of IP addresses in prefix notation.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses such as `10.0.0.0/8` or `fd00::/8`; a bare address is the range of itself alone.
///
/// The two families never mix: `0.0.0.0/0` does not contain `::ffff:192.0.2.1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix_bits: u8,
}

/// Why a text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// The part before the slash is no IP address.
    #[error("`{text}` is not an address range: expected something like 10.0.0.0/8 or fd00::/8")]
    NotAnAddress {
        /// What was given.
        text: String,
    },
    /// The part after the slash is no number of bits that the family has.
    #[error(
        "`{text}` is not an address range: the prefix length must be a number from 0 to {bits_max}"
    )]
    PrefixLength {
        /// What was given.
        text: String,
        /// The longest prefix of this family in bits.
        bits_max: u8,
    },
    /// Bits beyond the prefix are set, so it is unclear which range is meant.
    #[error("`{text}` has bits set beyond its prefix: write {meant}")]
    HostBits {
        /// What was given.
        text: String,
        /// The range that the prefix length alone describes.
        meant: Cidr,
    },
}

impl Cidr {
    /// Returns the range of `prefix_bits` leading bits that `address` lies in; longer prefixes than the family has count as full.
    pub fn containing(address: IpAddr, prefix_bits: u8) -> Self {
        let network = masked(address, prefix_bits);
        Self {
            network,
            prefix_bits: prefix_bits.min(bits_max(address)),
        }
    }

    /// Tells whether `address` lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.network.is_ipv4()
            && masked(address, self.prefix_bits) == self.network
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address_text, prefix_text) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address_text.parse().map_err(|_| CidrError::NotAnAddress {
            text: text.to_owned(),
        })?;

        let bits_max = bits_max(address);
        let prefix_bits = match prefix_text {
            None => bits_max,
            Some(digits) => digits
                .parse::<u8>()
                .ok()
                .filter(|bits| {
                    *bits <= bits_max && digits.bytes().all(|byte| byte.is_ascii_digit())
                })
                .ok_or_else(|| CidrError::PrefixLength {
                    text: text.to_owned(),
                    bits_max,
                })?,
        };

        let range = Self::containing(address, prefix_bits);
        if range.network != address {
            return Err(CidrError::HostBits {
                text: text.to_owned(),
                meant: range,
            });
        }
        Ok(range)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix_bits)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn bits_max(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Keeps the leading `bits` of an address and clears the rest.
pub(crate) fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let dropped = 32_u32.saturating_sub(u32::from(bits));
            let mask = u32::MAX.checked_shl(dropped).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let dropped = 128_u32.saturating_sub(u32::from(bits));
            let mask = u128::MAX.checked_shl(dropped).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, address: &str) -> bool {
        range
            .parse::<Cidr>()
            .unwrap()
            .contains(address.parse().unwrap())
    }

    #[test]
    fn ranges_contain_their_first_and_last_address_and_no_neighbour() {
        assert!(contains("10.0.0.0/8", "10.0.0.0"));
        assert!(contains("10.0.0.0/8", "10.255.255.255"));
        assert!(!contains("10.0.0.0/8", "11.0.0.0"));
        assert!(!contains("10.0.0.0/8", "9.255.255.255"));
        assert!(contains("fd00::/8", "fdff::1"));
        assert!(!contains("fd00::/8", "fe00::"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(contains("::/0", "ffff::"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.6"));
    }

    #[test]
    fn families_do_not_mix() {
        assert!(!contains("0.0.0.0/0", "::ffff:192.0.2.1"));
        assert!(!contains("::/0", "192.0.2.1"));
    }

    #[test]
    fn unclear_ranges_are_refused_with_what_to_write() {
        let error = "10.1.2.3/8".parse::<Cidr>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`10.1.2.3/8` has bits set beyond its prefix: write 10.0.0.0/8"
        );
        for bad in [
            "",
            "/",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "10/8",
            "a.b.c.d/8",
            "10.0.0.0/8/8",
        ] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn printing_and_parsing_agree() {
        for text in [
            "10.0.0.0/8",
            "127.0.0.1/32",
            "::1/128",
            "2001:db8::/32",
            "0.0.0.0/0",
        ] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
    }
}
