//! DANE: accepted when right, refused when broken.

use posthouse_net::tls_policy::{Authenticated, PolicyKind, ReportedAs, TlsPolicy};
use sha2::{Digest as _, Sha256, Sha512};

use super::far_side::{Authority, Shown, listen, shake, target, without_sts};
use crate::dnssec::resolver;
use crate::signed_zone::SignedZones;

const HOSTS: &str = "@ MX 10 mx\nmx A 192.0.2.1\n";

fn tlsa(numbers: &str, data: &[u8]) -> String {
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{HOSTS}_25._tcp.mx TLSA {numbers} {hex}\n")
}

/// What becomes of a server that shows `shown` under these records.
async fn outcome(records: &str, shown: &Shown) -> Option<Result<Authenticated, ReportedAs>> {
    let zones = SignedZones::serving(records)?;
    let policies = without_sts(resolver(&zones), &Authority::new());
    let policy = policies
        .for_mx(&target("signed", "mx.signed"))
        .await
        .unwrap();
    assert_eq!(policy.kind(), PolicyKind::Dane);
    assert!(!policy.allows_plain_text());
    let refused = policy.without_starttls("mx.signed").unwrap_err();
    assert_eq!(refused.reported_as, ReportedAs::StarttlsNotSupported);
    let address = listen(shown).await;
    let secured = shake(&policies, &policy, "mx.signed", address).await;
    Some(secured.map(|by| by.authenticated).map_err(|refused| {
        assert!(!refused.permanent);
        assert!(
            refused.to_string().starts_with("DANE refuses mx.signed: "),
            "{refused}"
        );
        refused.reported_as
    }))
}

#[tokio::test]
async fn the_servers_own_key_is_enough_whatever_its_names_and_dates() {
    let shown = Authority::new().issue(&["unrelated.example"], 2021);
    let key = Sha256::digest(&shown.public_key);
    if let Some(outcome) = outcome(&tlsa("3 1 1", &key), &shown).await {
        assert_eq!(outcome, Ok(Authenticated::Dane));
    }
}

#[tokio::test]
async fn smtp_19_another_key_than_the_records_name_is_refused() {
    let authority = Authority::new();
    let shown = authority.issue(&["mx.signed"], 2090);
    let another = Sha256::digest(authority.issue(&["mx.signed"], 2090).public_key);
    if let Some(outcome) = outcome(&tlsa("3 1 1", &another), &shown).await {
        assert_eq!(outcome, Err(ReportedAs::TlsaInvalid));
    }
}

#[tokio::test]
async fn whole_certificates_and_longer_digests_match_too() {
    let shown = Authority::new().issue(&["mx.signed"], 2090);
    let certificate = shown.chain[0].as_ref();
    for record in [
        tlsa("3 0 2", &Sha512::digest(certificate)),
        tlsa("3 0 0", certificate),
    ] {
        if let Some(outcome) = outcome(&record, &shown).await {
            assert_eq!(outcome, Ok(Authenticated::Dane));
        }
    }
}

#[tokio::test]
async fn an_authority_vouches_for_names_and_dates() {
    let authority = Authority::new();
    let record = tlsa("2 0 1", &Sha256::digest(authority.certificate()));
    let cases = [
        (
            authority.issue(&["mx.signed"], 2090),
            Ok(Authenticated::Dane),
        ),
        // RFC 7672 3.2.2: the next-hop domain is a name to go by, too.
        (authority.issue(&["signed"], 2090), Ok(Authenticated::Dane)),
        (
            authority.issue(&["other.signed"], 2090),
            Err(ReportedAs::CertificateHostMismatch),
        ),
        (
            authority.issue(&["mx.signed"], 2021),
            Err(ReportedAs::CertificateExpired),
        ),
        (
            Authority::new().issue(&["mx.signed"], 2090),
            Err(ReportedAs::TlsaInvalid),
        ),
    ];
    for (shown, expected) in cases {
        let Some(outcome) = outcome(&record, &shown).await else {
            return;
        };
        assert_eq!(outcome, expected);
    }
}

#[tokio::test]
async fn an_authority_whose_certificate_is_in_the_record_need_not_be_shown() {
    let authority = Authority::new();
    let mut shown = authority.issue(&["mx.signed"], 2090);
    shown.chain.truncate(1);
    if let Some(outcome) = outcome(&tlsa("2 0 0", &authority.certificate()), &shown).await {
        assert_eq!(outcome, Ok(Authenticated::Dane));
    }
}

#[tokio::test]
async fn one_matching_record_among_others_is_enough() {
    let shown = Authority::new().issue(&["mx.signed"], 2090);
    let mut records = tlsa("3 1 1", &Sha256::digest(&shown.public_key));
    records.push_str(&format!("_25._tcp.mx TLSA 3 1 1 {}\n", "00".repeat(32)));
    records.push_str(&format!("_25._tcp.mx TLSA 9 1 1 {}\n", "00".repeat(32)));
    if let Some(outcome) = outcome(&records, &shown).await {
        assert_eq!(outcome, Ok(Authenticated::Dane));
    }
}

/// RFC 7672 2.1.1: encryption is a must, authentication is not to be had.
#[tokio::test]
async fn records_of_which_none_can_be_used_ask_for_any_certificate() {
    let mut records = tlsa("1 1 1", &[0; 32]);
    records.push_str("_25._tcp.mx TLSA 3 1 1 00ff\n_25._tcp.mx TLSA 3 7 1 00\n");
    let shown = Authority::new().issue(&["unrelated.example"], 2021);
    if let Some(outcome) = outcome(&records, &shown).await {
        assert_eq!(outcome, Ok(Authenticated::No));
    }
}

#[tokio::test]
async fn records_in_an_unsigned_zone_mean_nothing() {
    let Some(zones) = SignedZones::serving(&tlsa("3 1 1", &[0; 32])) else {
        return;
    };
    let policies = without_sts(resolver(&zones), &Authority::new());
    let policy = policies.for_mx(&target("plain", "mx.plain")).await.unwrap();
    assert_eq!(policy, TlsPolicy::Opportunistic);
    // Of a server whose name comes from an unsigned zone DNSSEC says nothing, whatever its own zone holds.
    let policy = policies
        .for_mx(&target("plain", "mx.signed"))
        .await
        .unwrap();
    assert_eq!(policy, TlsPolicy::Opportunistic);
}

#[tokio::test]
async fn a_signed_server_without_records_is_left_to_the_other_policies() {
    let Some(zones) = SignedZones::serving(HOSTS) else {
        return;
    };
    let policies = without_sts(resolver(&zones), &Authority::new());
    let policy = policies
        .for_mx(&target("signed", "mx.signed"))
        .await
        .unwrap();
    assert_eq!(policy, TlsPolicy::Opportunistic);
    let mut requiring = target("signed", "mx.signed");
    requiring.require_tls = true;
    assert_eq!(policies.for_mx(&requiring).await.unwrap(), TlsPolicy::Pkix);
}

#[tokio::test]
async fn smtp_19_forged_dns_stops_the_delivery_for_now() {
    let Some(zones) = SignedZones::serving(&tlsa("3 1 1", &[0; 32])) else {
        return;
    };
    let policies = without_sts(resolver(&zones), &Authority::new());
    for (domain, host) in [
        ("stripped", "mx.stripped"),
        // Its addresses were altered.
        ("forged", "mx.forged"),
        // The signed MX records name another server.
        ("signed", "mx.plain"),
    ] {
        let refused = policies.for_mx(&target(domain, host)).await.unwrap_err();
        assert_eq!(refused.reported_as, ReportedAs::DnssecInvalid, "{refused}");
        assert_eq!(refused.policy, PolicyKind::Dane);
        assert!(!refused.permanent);
    }
}

#[tokio::test]
async fn a_message_that_requires_tls_is_returned_where_nothing_vouches_for_the_server() {
    let Some(zones) = SignedZones::serving(HOSTS) else {
        return;
    };
    let policies = without_sts(resolver(&zones), &Authority::new());
    let mut requiring = target("plain", "mx.plain");
    requiring.require_tls = true;
    let refused = policies.for_mx(&requiring).await.unwrap_err();
    assert_eq!(refused.policy, PolicyKind::RequireTls);
    assert!(refused.permanent);
}
