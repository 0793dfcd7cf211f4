//! The classifier against fixed rows of the threat table and against a slow reference.

use proptest::prelude::*;

use super::*;

fn class_of(text: &str) -> AddressClass {
    classify(text.parse().unwrap())
}

#[test]
fn hook_01_every_listed_range_is_refused_at_both_ends() {
    use NotGlobal::*;
    let rows = [
        ("0.0.0.0", "0.255.255.255", Unspecified),
        ("10.0.0.0", "10.255.255.255", Private),
        ("100.64.0.0", "100.127.255.255", CarrierNat),
        ("127.0.0.0", "127.255.255.255", Loopback),
        ("169.254.0.0", "169.254.255.255", LinkLocal),
        ("172.16.0.0", "172.31.255.255", Private),
        ("192.0.0.0", "192.0.0.255", Reserved),
        ("192.0.2.0", "192.0.2.255", Documentation),
        ("192.88.99.0", "192.88.99.255", Reserved),
        ("192.168.0.0", "192.168.255.255", Private),
        ("198.18.0.0", "198.19.255.255", Benchmarking),
        ("198.51.100.0", "198.51.100.255", Documentation),
        ("203.0.113.0", "203.0.113.255", Documentation),
        ("224.0.0.0", "239.255.255.255", Multicast),
        ("240.0.0.0", "255.255.255.255", Reserved),
        ("168.63.129.16", "168.63.129.16", CloudMetadata),
        ("::", "::", Unspecified),
        ("::1", "::1", Loopback),
        (
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            LinkLocal,
        ),
        ("fe81::1", "fe81::1", LinkLocal),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        (
            "ff00::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Multicast,
        ),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            Documentation,
        ),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            Documentation,
        ),
        (
            "2001:2::",
            "2001:2:0:ffff:ffff:ffff:ffff:ffff",
            Benchmarking,
        ),
        ("100::", "100::ffff:ffff:ffff:ffff", Reserved),
        (
            "5f00::",
            "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Reserved,
        ),
        (
            "4000::",
            "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Reserved,
        ),
    ];
    for (first, last, reason) in rows {
        assert_eq!(class_of(first), AddressClass::NotGlobal(reason), "{first}");
        assert_eq!(class_of(last), AddressClass::NotGlobal(reason), "{last}");
    }
}

#[test]
fn hook_01_neighbours_of_listed_ranges_are_global() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "168.63.129.15",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00::1",
        "2003::",
        "2001:db7:ffff::",
        "2001:db9::",
        "3ffe:ffff::1",
    ] {
        assert_eq!(class_of(address), AddressClass::Global, "{address}");
    }
}

#[test]
fn hook_01_embedded_ipv4_is_taken_out_and_judged() {
    use EmbeddingForm::*;
    let rows = [
        ("::ffff:127.0.0.1", Mapped, "127.0.0.1"),
        ("::ffff:8.8.8.8", Mapped, "8.8.8.8"),
        ("::127.0.0.1", Compatible, "127.0.0.1"),
        ("::2", Compatible, "0.0.0.2"),
        ("2002:7f00:1::", SixToFour, "127.0.0.1"),
        ("2002:a9fe:a9fe::1", SixToFour, "169.254.169.254"),
        ("64:ff9b::7f00:1", Nat64, "127.0.0.1"),
        ("64:ff9b::10.1.2.3", Nat64, "10.1.2.3"),
        ("64:ff9b::169.254.169.254", Nat64, "169.254.169.254"),
        ("64:ff9b:1::7f00:1", Nat64Local, "127.0.0.1"),
        ("64:ff9b:1:a00:1:203::", Nat64Local, "10.0.1.2"),
        ("64:ff9b:1::8.8.8.8", Nat64Local, "8.8.8.8"),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", Teredo, "10.0.0.1"),
        ("2001::1", Teredo, "255.255.255.254"),
        ("2a00:1::5efe:10.0.0.1", Isatap, "10.0.0.1"),
        ("2a00:1::200:5efe:192.168.0.1", Isatap, "192.168.0.1"),
        ("fe80::5efe:127.0.0.1", Isatap, "127.0.0.1"),
    ];
    for (address, form, inner) in rows {
        let inner = inner.parse().unwrap();
        assert_eq!(
            class_of(address),
            AddressClass::NotGlobal(NotGlobal::Embedded { form, inner }),
            "{address}"
        );
    }
    assert_eq!(
        class_of("fe80::5efe:8.8.8.8"),
        AddressClass::NotGlobal(NotGlobal::LinkLocal)
    );
}

#[test]
fn translated_public_addresses_stay_reachable_for_ipv6_only_hosts() {
    assert_eq!(class_of("64:ff9b::8.8.8.8"), AddressClass::Global);
    assert_eq!(class_of("2a00:1::200:5efe:8.8.8.8"), AddressClass::Global);
}

/// The reference: addresses and prefixes as strings of ones and zeros, compared character by character.
mod reference {
    use super::*;

    fn bits(address: IpAddr) -> String {
        match address {
            IpAddr::V4(v4) => v4
                .octets()
                .iter()
                .map(|octet| format!("{octet:08b}"))
                .collect(),
            IpAddr::V6(v6) => v6
                .octets()
                .iter()
                .map(|octet| format!("{octet:08b}"))
                .collect(),
        }
    }

    fn within(address: IpAddr, range: &str) -> bool {
        let (network, length) = range.split_once('/').unwrap();
        let network: IpAddr = network.parse().unwrap();
        let length: usize = length.parse().unwrap();
        network.is_ipv4() == address.is_ipv4() && bits(address)[..length] == bits(network)[..length]
    }

    fn any(address: IpAddr, ranges: &[&str]) -> bool {
        ranges.iter().any(|range| within(address, range))
    }

    fn v4_at(address: IpAddr, from: usize, flip: bool) -> IpAddr {
        let text: String = bits(address)[from..from + 32]
            .chars()
            .map(|bit| {
                if flip {
                    if bit == '0' { '1' } else { '0' }
                } else {
                    bit
                }
            })
            .collect();
        IpAddr::V4(Ipv4Addr::from_bits(u32::from_str_radix(&text, 2).unwrap()))
    }

    pub(super) fn is_global(address: IpAddr) -> bool {
        if address.is_ipv4() {
            return !any(
                address,
                &[
                    "0.0.0.0/8",
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "127.0.0.0/8",
                    "169.254.0.0/16",
                    "172.16.0.0/12",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "192.168.0.0/16",
                    "198.18.0.0/15",
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "224.0.0.0/4",
                    "240.0.0.0/4",
                    "168.63.129.16/32",
                ],
            );
        }
        if within(address, "64:ff9b::/96") {
            return is_global(v4_at(address, 96, false));
        }
        if any(
            address,
            &["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
        ) || !within(address, "2000::/3")
        {
            return false;
        }
        let interface = &bits(address)[64..96];
        let is_isatap =
            interface == format!("{:032b}", 0x5efe) || interface == format!("{:032b}", 0x0200_5efe);
        !is_isatap || is_global(v4_at(address, 96, false))
    }
}

/// Addresses near the interesting edges far more often than chance would give.
fn any_address() -> impl Strategy<Value = IpAddr> {
    let heads_v4 = prop::sample::select(
        V4_NOT_GLOBAL
            .iter()
            .map(|row| row.0.to_bits())
            .collect::<Vec<_>>(),
    );
    let near_v4 = (heads_v4, any::<u32>(), 0_u32..=32).prop_map(|(head, noise, keep)| {
        let tail = u32::MAX.checked_shr(keep).unwrap_or(0);
        head & !tail | noise & tail
    });
    let v4 = prop_oneof![any::<u32>(), near_v4].boxed();
    let heads_v6: Vec<u128> = V6_NOT_GLOBAL
        .iter()
        .map(|row| row.0.to_bits())
        .chain(
            [
                "::ffff:0:0",
                "64:ff9b::",
                "64:ff9b:1::",
                "2002::",
                "2001::",
                "2000::",
                "2a00::5efe:0:0",
                "2a00::200:5efe:0:0",
            ]
            .map(|text| text.parse::<Ipv6Addr>().unwrap().to_bits()),
        )
        .collect();
    let near_v6 = (
        prop::sample::select(heads_v6),
        any::<u128>(),
        0_u32..=128,
        v4.clone(),
        0_u32..=96,
        any::<bool>(),
    )
        .prop_map(|(head, noise, keep, inner, shift, with_inner)| {
            let tail = u128::MAX.checked_shr(keep).unwrap_or(0);
            if with_inner {
                head | u128::from(inner) << shift
            } else {
                head & !tail | noise & tail
            }
        });
    prop_oneof![
        v4.prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        near_v6.prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn hook_01_classifier_equals_a_slow_bitwise_reference(address in any_address()) {
        prop_assert_eq!(classify(address) == AddressClass::Global, reference::is_global(address), "{}", address);
    }
}
