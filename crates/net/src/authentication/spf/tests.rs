//! Records and peers; the published suite is run by the integration tests.

use super::super::table::Table;
use super::*;

async fn check(dns: &Table, peer: &str, sender: &str) -> SpfResult {
    let (local_part, domain) = sender.split_once('@').unwrap();
    let query = Query {
        peer: peer.parse().unwrap(),
        helo: "mx.example.com",
        local_part,
        domain,
    };
    check_host(dns, query).await
}

#[tokio::test]
async fn each_mechanism_matches_what_it_should() {
    let dns = Table::default()
        .txt(
            "example.com",
            "v=spf1 ip4:192.0.2.0/28 a:h.example.com mx exists:%{l}.e.example.com ptr -all",
        )
        .a("h.example.com", &["198.51.100.1"])
        .mx("example.com", &["mail.example.com"])
        .a("mail.example.com", &["198.51.100.2"])
        .a("known.e.example.com", &["127.0.0.2"])
        .ptr("198.51.100.3", &["p.example.com"])
        .a("p.example.com", &["198.51.100.3"]);
    for (peer, sender, expected) in [
        ("192.0.2.15", "x@example.com", SpfResult::Pass),
        ("192.0.2.16", "x@example.com", SpfResult::Fail),
        ("::ffff:192.0.2.15", "x@example.com", SpfResult::Pass),
        ("198.51.100.1", "x@example.com", SpfResult::Pass),
        ("198.51.100.2", "x@example.com", SpfResult::Pass),
        ("198.51.100.3", "x@example.com", SpfResult::Pass),
        ("203.0.113.1", "known@example.com", SpfResult::Pass),
        ("203.0.113.1", "x@nothing.example", SpfResult::None),
        ("203.0.113.1", "x@localhost", SpfResult::None),
    ] {
        assert_eq!(check(&dns, peer, sender).await, expected, "{peer} {sender}");
    }
}

#[tokio::test]
async fn auth_01_loops_end_as_permanent_errors() {
    let dns = Table::default()
        .txt("self.example", "v=spf1 include:self.example -all")
        .txt("turn.example", "v=spf1 redirect=around.example")
        .txt("around.example", "v=spf1 redirect=turn.example");
    for domain in ["self.example", "turn.example"] {
        let result = check(&dns, "192.0.2.1", &format!("x@{domain}")).await;
        assert_eq!(result, SpfResult::PermError, "{domain}");
    }
    assert!(dns.times_asked() <= 2 * (SPF_LOOKUPS_MAX + 1));
}

#[tokio::test]
async fn auth_01_two_look_ups_may_find_nothing_and_a_third_may_not() {
    let terms = |count: usize| {
        let terms: String = (0..count)
            .map(|at| format!(" a:v{at}.example.com"))
            .collect();
        format!("v=spf1{terms} -all")
    };
    let dns = Table::default()
        .txt("two.example", &terms(2))
        .txt("three.example", &terms(3));
    assert_eq!(
        check(&dns, "192.0.2.1", "x@two.example").await,
        SpfResult::Fail
    );
    assert_eq!(
        check(&dns, "192.0.2.1", "x@three.example").await,
        SpfResult::PermError
    );
}

#[tokio::test]
async fn auth_01_ten_look_ups_are_allowed_and_an_eleventh_is_not() {
    let terms = |count: usize| format!("v=spf1{} -all", " a:h.example.com".repeat(count));
    let dns = Table::default()
        .a("h.example.com", &["198.51.100.1"])
        .txt("ten.example", &terms(10))
        .txt("eleven.example", &terms(11))
        .mx("many.example", &[" "; 11].map(|_| "h.example.com"))
        .txt("many.example", "v=spf1 mx -all");
    assert_eq!(
        check(&dns, "192.0.2.1", "x@ten.example").await,
        SpfResult::Fail
    );
    for domain in ["eleven.example", "many.example"] {
        let result = check(&dns, "192.0.2.1", &format!("x@{domain}")).await;
        assert_eq!(result, SpfResult::PermError, "{domain}");
    }
}

#[tokio::test]
async fn trouble_is_temporary_wherever_it_is_met() {
    let dns = Table::default()
        .trouble("down.example")
        .txt("a.example", "v=spf1 a:down.example -all")
        .txt("i.example", "v=spf1 include:down.example -all")
        .txt("m.example", "v=spf1 mx:down.example -all")
        .txt("e.example", "v=spf1 exists:down.example -all")
        .txt("r.example", "v=spf1 redirect=down.example");
    for domain in [
        "down.example",
        "a.example",
        "i.example",
        "m.example",
        "e.example",
        "r.example",
    ] {
        let result = check(&dns, "192.0.2.1", &format!("x@{domain}")).await;
        assert_eq!(result, SpfResult::TempError, "{domain}");
    }
}

#[tokio::test]
async fn two_records_are_as_bad_as_a_broken_one() {
    let dns = Table::default()
        .txt("two.example", "v=spf1 -all")
        .txt("two.example", "v=spf1 +all")
        .txt("broken.example", "v=spf1 +all bogus")
        .txt("other.example", "v=spf2.0/pra +all")
        .txt("other.example", "v=spf1 ~all");
    assert_eq!(
        check(&dns, "192.0.2.1", "x@two.example").await,
        SpfResult::PermError
    );
    assert_eq!(
        check(&dns, "192.0.2.1", "x@broken.example").await,
        SpfResult::PermError
    );
    assert_eq!(
        check(&dns, "192.0.2.1", "x@other.example").await,
        SpfResult::SoftFail
    );
}

proptest::proptest! {
    #[test]
    fn auth_01_no_record_is_too_much(record in "v=spf1 [ -~]{0,200}", peer in proptest::num::u32::ANY) {
        let dns = Table::default().txt("example.com", &record);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let query = Query {
            peer: IpAddr::V4(peer.into()),
            helo: "h",
            local_part: "x",
            domain: "example.com",
        };
        runtime.block_on(check_host(&dns, query));
    }
}
