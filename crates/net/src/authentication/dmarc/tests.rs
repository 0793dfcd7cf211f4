//! Trees of records and who is aligned in them.

use super::super::table::Table;
use super::*;

async fn judge(dns: &Table, author: &str, authenticated: &[Authenticated<'_>]) -> DmarcVerdict {
    judge_all(dns, &[author], authenticated).await
}

async fn judge_all(
    dns: &Table,
    authors: &[&str],
    authenticated: &[Authenticated<'_>],
) -> DmarcVerdict {
    let authors: Vec<String> = authors.iter().map(|author| (*author).to_owned()).collect();
    let mut walks = Vec::new();
    for author in &authors {
        walks.push(walk(dns, author).await);
    }
    verdict(dns, &authors, walks, authenticated).await
}

#[tokio::test]
async fn a_pass_counts_only_for_an_aligned_domain() {
    let dns = Table::default()
        .txt("_dmarc.example.com", "v=DMARC1; p=reject")
        .txt(
            "_dmarc.strict.example",
            "v=DMARC1; p=reject; adkim=s; aspf=s",
        );
    for (author, authenticated, expected) in [
        (
            "example.com",
            Authenticated::Spf("example.com"),
            DmarcResult::Pass,
        ),
        (
            "example.com",
            Authenticated::Dkim("m.example.com"),
            DmarcResult::Pass,
        ),
        (
            "a.example.com",
            Authenticated::Dkim("b.example.com"),
            DmarcResult::Pass,
        ),
        (
            "example.com",
            Authenticated::Dkim("example.org"),
            DmarcResult::Fail,
        ),
        (
            "example.com",
            Authenticated::Dkim("notexample.com"),
            DmarcResult::Fail,
        ),
        (
            "strict.example",
            Authenticated::Dkim("strict.example"),
            DmarcResult::Pass,
        ),
        (
            "strict.example",
            Authenticated::Dkim("m.strict.example"),
            DmarcResult::Fail,
        ),
        (
            "strict.example",
            Authenticated::Spf("m.strict.example"),
            DmarcResult::Fail,
        ),
    ] {
        let verdict = judge(&dns, author, &[authenticated]).await;
        assert_eq!(verdict.result, expected, "{author} {authenticated:?}");
    }
    let nobody = judge(&dns, "example.com", &[]).await;
    assert_eq!(nobody.result, DmarcResult::Fail);
    assert_eq!(nobody.policy, Some(Policy::Reject));
    let silent = judge(&dns, "example.org", &[]).await;
    assert_eq!(silent.result, DmarcResult::None);
    assert_eq!(silent.policy, None);
}

#[tokio::test]
async fn auth_05_the_tree_tells_organizations_apart() {
    let dns = Table::default()
        .txt(
            "_dmarc.bank",
            "v=DMARC1; p=reject; psd=y; np=reject; sp=quarantine",
        )
        .txt("_dmarc.shop.bank", "v=DMARC1; p=none")
        .txt("_dmarc.uni.example", "v=DMARC1; p=reject")
        .txt("_dmarc.lab.uni.example", "v=DMARC1; p=reject; psd=n")
        .a("known.bank", &["192.0.2.1"]);
    // The organization is one below the public suffix, whether it publishes or not.
    for (author, organization) in [
        ("mail.shop.bank", "shop.bank"),
        ("mail.other.bank", "other.bank"),
        ("bank", "bank"),
        ("x.lab.uni.example", "lab.uni.example"),
        ("x.uni.example", "uni.example"),
        ("nobody.example.org", "nobody.example.org"),
    ] {
        assert_eq!(
            walk(&dns, author).await.unwrap().organization,
            organization,
            "{author}"
        );
    }
    // The public suffix's policy holds where the organization has none.
    let known = judge(&dns, "known.bank", &[]).await;
    assert_eq!(known.policy, Some(Policy::Quarantine));
    assert_eq!(known.policy_domain, "bank");
    let unknown = judge(&dns, "unknown.bank", &[]).await;
    assert_eq!(unknown.policy, Some(Policy::Reject));
    // Two organizations below one suffix are strangers.
    let stranger = judge(&dns, "mail.shop.bank", &[Authenticated::Dkim("other.bank")]).await;
    assert_eq!(stranger.result, DmarcResult::Fail);
    let lab = judge(
        &dns,
        "uni.example",
        &[Authenticated::Dkim("lab.uni.example")],
    )
    .await;
    assert_eq!(lab.result, DmarcResult::Fail);
}

#[test]
fn auth_05_a_walk_asks_eight_times_at_most_and_reaches_the_single_label() {
    assert_eq!(names_to_ask("a.b.c"), ["a.b.c", "b.c", "c"]);
    assert_eq!(
        names_to_ask("a.b.c.d.e.f.g.h.i.j.mail.example.com"),
        [
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",
            "g.h.i.j.mail.example.com",
            "h.i.j.mail.example.com",
            "i.j.mail.example.com",
            "j.mail.example.com",
            "mail.example.com",
            "example.com",
            "com",
        ]
    );
}

#[tokio::test]
async fn auth_05_several_records_are_as_good_as_none() {
    let dns = Table::default()
        .txt("_dmarc.two.example", "v=DMARC1; p=reject")
        .txt("_dmarc.two.example", "v=DMARC1; p=none")
        .txt("_dmarc.mixed.example", "verification=xyz")
        .txt("_dmarc.mixed.example", "v=DMARC1; p=reject");
    assert_eq!(
        judge(&dns, "two.example", &[]).await.result,
        DmarcResult::None
    );
    assert_eq!(
        judge(&dns, "mixed.example", &[]).await.policy,
        Some(Policy::Reject)
    );
}

#[tokio::test]
async fn auth_05_who_may_write_for_one_author_does_not_speak_for_another() {
    let dns = Table::default()
        .txt("_dmarc.mine.example", "v=DMARC1; p=none")
        .txt("_dmarc.bank.example", "v=DMARC1; p=reject");
    let mine = [Authenticated::Dkim("mine.example")];
    let verdict = judge_all(&dns, &["mine.example", "bank.example"], &mine).await;
    assert_eq!(verdict.result, DmarcResult::Fail);
    assert_eq!(verdict.domain, "bank.example");
    assert_eq!(verdict.policy, Some(Policy::Reject));
    for authors in [
        vec![],
        vec!["a.example", "b.example", "c.example", "d.example"],
    ] {
        let verdict = judge_all(&dns, &authors, &mine).await;
        assert_eq!(verdict.result, DmarcResult::PermError);
    }
}

#[tokio::test]
async fn trouble_is_neither_pass_nor_fail() {
    let dns = Table::default().trouble("_dmarc.example.com");
    let verdict = judge(&dns, "example.com", &[]).await;
    assert_eq!(verdict.result, DmarcResult::TempError);
    let half = Table::default()
        .txt("_dmarc.example.com", "v=DMARC1; p=reject")
        .trouble("_dmarc.m.example.com");
    let verdict = judge(&half, "example.com", &[Authenticated::Spf("m.example.com")]).await;
    assert_eq!(verdict.result, DmarcResult::TempError);
}
