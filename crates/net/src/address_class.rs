//! Tells addresses of the public internet from all others.
//!
//! Two tables, first match wins, follow the IANA special-purpose registries (RFC 6890 and successors). What is
//! missing from the IPv6 table is judged by one rule: only 2000::/3 has been given out for unicast.
//!
//! The non-obvious part are IPv6 addresses that carry an IPv4 address inside. A packet to `64:ff9b::7f00:1`
//! leaves as IPv6 and may arrive, behind a translator, at 127.0.0.1. So the inner address is taken out and
//! classified as well. Being global inside is enough for one form only, the well-known NAT64 prefix, which
//! IPv6-only hosts meet in everyday DNS answers; the other forms are retired or local and never global.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What [`classify`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// An address that anyone on the public internet could be asked to connect to.
    Global,
    /// Anything else, with the reason.
    NotGlobal(NotGlobal),
}

/// Why an address is not one of the public internet. The text reads after "the address is ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotGlobal {
    /// 0.0.0.0/8 and `::`, which most systems connect to themselves.
    #[error("unspecified")]
    Unspecified,
    /// 127.0.0.0/8 and `::1`.
    #[error("a loopback address")]
    Loopback,
    /// RFC 1918 networks, fc00::/7 and the retired fec0::/10.
    #[error("a private address")]
    Private,
    /// 100.64.0.0/10, between a provider and its customers.
    #[error("a carrier-grade NAT address")]
    CarrierNat,
    /// 169.254.0.0/16 and fe80::/10, where metadata services of clouds live.
    #[error("a link-local address")]
    LinkLocal,
    /// A public-looking address that a cloud answers inside its machines only.
    #[error("a cloud metadata address")]
    CloudMetadata,
    /// 224.0.0.0/4 and ff00::/8.
    #[error("a multicast address")]
    Multicast,
    /// Ranges for examples in documents.
    #[error("a documentation address")]
    Documentation,
    /// Ranges for measuring devices.
    #[error("a benchmarking address")]
    Benchmarking,
    /// Everything else that was never given out for use on the internet.
    #[error("a reserved address")]
    Reserved,
    /// An IPv4 address inside an IPv6 one.
    #[error("{form} address of {inner}")]
    Embedded {
        /// How it is wrapped.
        form: EmbeddingForm,
        /// The address inside.
        inner: Ipv4Addr,
    },
}

/// The ways in which an IPv6 address carries an IPv4 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EmbeddingForm {
    /// `::ffff:a.b.c.d`, RFC 4291 2.5.5.2.
    #[error("an IPv4-mapped")]
    Mapped,
    /// `::a.b.c.d`, RFC 4291 2.5.5.1.
    #[error("an IPv4-compatible")]
    Compatible,
    /// `2002:aabb:ccdd::/48`, RFC 3056.
    #[error("a 6to4")]
    SixToFour,
    /// `64:ff9b::a.b.c.d`, RFC 6052 2.1.
    #[error("a NAT64")]
    Nat64,
    /// `64:ff9b:1::/48`, RFC 8215.
    #[error("a local NAT64")]
    Nat64Local,
    /// `2001:0::/32`, RFC 4380; the inner address is the client's.
    #[error("a Teredo")]
    Teredo,
    /// Any prefix with the interface identifier `0:5efe:a.b.c.d` or `200:5efe:a.b.c.d`, RFC 5214 6.1.
    #[error("an ISATAP")]
    Isatap,
}

/// Returns whether `address` belongs to the public internet, or why not.
pub fn classify(address: IpAddr) -> AddressClass {
    let found = match address {
        IpAddr::V4(v4) => not_global_v4(v4),
        IpAddr::V6(v6) => not_global_v6(v6),
    };
    found.map_or(AddressClass::Global, AddressClass::NotGlobal)
}

type V4Row = (Ipv4Addr, u32, NotGlobal);

/// First match wins. Rows are (first address, prefix bits, reason).
const V4_NOT_GLOBAL: &[V4Row] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, NotGlobal::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, NotGlobal::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, NotGlobal::CarrierNat),
    (Ipv4Addr::new(127, 0, 0, 0), 8, NotGlobal::Loopback),
    // Azure's "wire server" hands out credentials from a public-looking address.
    (
        Ipv4Addr::new(168, 63, 129, 16),
        32,
        NotGlobal::CloudMetadata,
    ),
    (Ipv4Addr::new(169, 254, 0, 0), 16, NotGlobal::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, NotGlobal::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, NotGlobal::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, NotGlobal::Documentation),
    // RFC 7526: the anycast address of 6to4 relays is retired.
    (Ipv4Addr::new(192, 88, 99, 0), 24, NotGlobal::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, NotGlobal::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, NotGlobal::Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, NotGlobal::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, NotGlobal::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, NotGlobal::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, NotGlobal::Reserved),
];

fn not_global_v4(address: Ipv4Addr) -> Option<NotGlobal> {
    V4_NOT_GLOBAL
        .iter()
        .find(|(first, prefix_bits, _)| {
            (address.to_bits() ^ first.to_bits()).leading_zeros() >= *prefix_bits
        })
        .map(|(_, _, reason)| *reason)
}

type V6Row = (Ipv6Addr, u32, NotGlobal);

/// First match wins; what is left is global inside 2000::/3 and reserved outside.
const V6_NOT_GLOBAL: &[V6Row] = &[
    (Ipv6Addr::UNSPECIFIED, 128, NotGlobal::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, NotGlobal::Loopback),
    (
        Ipv6Addr::new(0x2001, 0x2, 0, 0, 0, 0, 0, 0),
        48,
        NotGlobal::Benchmarking,
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        NotGlobal::Documentation,
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        NotGlobal::Documentation,
    ),
    // RFC 2928: protocol assignments (ORCHID, anycast services); nothing that serves web pages.
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        NotGlobal::Reserved,
    ),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        NotGlobal::Private,
    ),
    (
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        10,
        NotGlobal::LinkLocal,
    ),
    (
        Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0),
        10,
        NotGlobal::Private,
    ),
    (
        Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0),
        8,
        NotGlobal::Multicast,
    ),
];

/// 2000::/3, the part of IPv6 that registries give out for unicast.
const GLOBAL_UNICAST_TOP_BITS: u128 = 0b001;

fn not_global_v6(address: Ipv6Addr) -> Option<NotGlobal> {
    // These two lie inside the IPv4-compatible range and are better known by their own names.
    let is_plain_special = address.is_unspecified() || address.is_loopback();
    if !is_plain_special && let Some((form, inner)) = embedded_v4(address) {
        let refused = NotGlobal::Embedded { form, inner };
        match form {
            EmbeddingForm::Nat64 => return not_global_v4(inner).map(|_| refused),
            // The prefix of an ISATAP address is an ordinary one: it has to pass the tables below too.
            EmbeddingForm::Isatap if not_global_v4(inner).is_none() => {}
            _ => return Some(refused),
        }
    }

    let listed = V6_NOT_GLOBAL.iter().find(|(first, prefix_bits, _)| {
        (address.to_bits() ^ first.to_bits()).leading_zeros() >= *prefix_bits
    });
    if let Some((_, _, reason)) = listed {
        return Some(*reason);
    }
    (address.to_bits() >> 125 != GLOBAL_UNICAST_TOP_BITS).then_some(NotGlobal::Reserved)
}

/// Returns the IPv4 address that an IPv6 address carries, and in which form, or `None` when it carries none.
pub fn embedded_v4(address: Ipv6Addr) -> Option<(EmbeddingForm, Ipv4Addr)> {
    let segments = address.segments();
    let last = joined(segments[6], segments[7]);
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] => Some((EmbeddingForm::Mapped, last)),
        [0, 0, 0, 0, 0, 0, ..] => Some((EmbeddingForm::Compatible, last)),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some((EmbeddingForm::Nat64, last)),
        [0x64, 0xff9b, 1, ..] => Some((EmbeddingForm::Nat64Local, nat64_local_inner(address))),
        [0x2002, high, low, ..] => Some((EmbeddingForm::SixToFour, joined(high, low))),
        // RFC 4380 4: the client's address is stored with every bit inverted.
        [0x2001, 0, ..] => Some((EmbeddingForm::Teredo, joined(!segments[6], !segments[7]))),
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => Some((EmbeddingForm::Isatap, last)),
        _ => None,
    }
}

/// RFC 6052 2.2: below a /48 prefix, the address goes around the zero octet at bits 64 to 71; a /96 uses the last 32 bits.
fn nat64_local_inner(address: Ipv6Addr) -> Ipv4Addr {
    let octets = address.octets();
    let is_whole_prefix_96 = octets[6..12].iter().all(|octet| *octet == 0);
    if is_whole_prefix_96 {
        return Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
    }
    Ipv4Addr::new(octets[6], octets[7], octets[9], octets[10])
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests;
