//! The networks an address belongs to, for counting.

use std::net::IpAddr;

use crate::cidr::masked;

/// Levels at which an event counts.
pub const LEVELS: usize = 3;

const V4_PREFIX_BITS: [u8; LEVELS] = [32, 26, 21];
const V6_PREFIX_BITS: [u8; LEVELS] = [64, 48, 32];

/// A network at one level: the address with its host bits cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(IpAddr);

/// Returns the networks of an address from narrow to wide. An IPv4-mapped peer, as dual-stack sockets report it, counts as IPv4.
pub fn prefixes(address: IpAddr) -> [Prefix; LEVELS] {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() {
        V4_PREFIX_BITS
    } else {
        V6_PREFIX_BITS
    };
    bits.map(|bits| Prefix(masked(address, bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> [Prefix; LEVELS] {
        prefixes(text.parse().unwrap())
    }

    fn shared_levels(left: &str, right: &str) -> usize {
        of(left)
            .iter()
            .zip(of(right))
            .filter(|(left, right)| **left == *right)
            .count()
    }

    #[test]
    fn neighbours_share_the_wide_levels_only() {
        assert_eq!(shared_levels("192.0.2.1", "192.0.2.1"), 3);
        assert_eq!(shared_levels("192.0.2.1", "192.0.2.63"), 2);
        assert_eq!(shared_levels("192.0.2.1", "192.0.2.64"), 1);
        assert_eq!(shared_levels("192.0.0.1", "192.0.7.255"), 1);
        assert_eq!(shared_levels("192.0.0.1", "192.0.8.0"), 0);
        assert_eq!(shared_levels("2001:db8::1", "2001:db8::ffff:1"), 3);
        assert_eq!(shared_levels("2001:db8::1", "2001:db8:0:1::1"), 2);
        assert_eq!(shared_levels("2001:db8::1", "2001:db8:1::1"), 1);
        assert_eq!(shared_levels("2001:db8::1", "2001:db9::1"), 0);
        assert_eq!(shared_levels("::ffff:192.0.2.1", "192.0.2.1"), 3);
    }
}
