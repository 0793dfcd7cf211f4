//! What DNSSEC says of answers, with a real name server and an anchor of our own.

use hickory_resolver::proto::rr::RecordType;
use posthouse_net::resolver::{DnssecState, ResolveError, Resolver, Security};

use crate::signed_zone::SignedZones;

/// A resolver that trusts the root's key.
pub fn resolver(zones: &SignedZones) -> Resolver {
    let resolver = Resolver::at(zones.address).unwrap();
    resolver.with_anchor(&zones.anchor()).unwrap()
}

const RECORDS: &str = "\
@ A 192.0.2.1
www A 192.0.2.1
@ MX 10 mx
mx A 192.0.2.1
alias CNAME www
outside CNAME www.plain.
*.wild A 192.0.2.7
";

#[tokio::test]
async fn signed_unsigned_and_forged_answers_are_told_apart() {
    let Some(zones) = SignedZones::serving(RECORDS) else {
        return;
    };
    let resolver = resolver(&zones);
    assert_eq!(resolver.dnssec(), DnssecState::Validating);
    for name in ["signed", "www.signed", "alias.signed"] {
        let answer = resolver.validated(name, RecordType::A).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer.security, Security::Secure, "{name}");
        assert_eq!(answer.records.len(), 1, "{name}: {answer:?}");
    }
    let alias = resolver
        .validated("alias.signed", RecordType::A)
        .await
        .unwrap();
    assert_eq!(alias.canonical_name, "www.signed");
    // An alias is as good as what it leads to.
    for name in ["www.plain", "outside.signed"] {
        let answer = resolver.validated(name, RecordType::A).await;
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer.security, Security::Insecure, "{name}");
        assert_eq!(answer.records.len(), 1, "{name}: {answer:?}");
    }
    for name in ["www.forged", "www.stripped", "alias.forged"] {
        let refused = resolver.validated(name, RecordType::A).await.unwrap_err();
        assert_eq!(refused, ResolveError::Bogus, "{name}");
    }
}

/// Usable, as most mail would else wait for ever, and not secure.
#[tokio::test]
async fn an_answer_from_a_wildcard_is_taken_if_the_wildcard_is_signed() {
    let Some(zones) = SignedZones::serving(RECORDS) else {
        return;
    };
    let resolver = resolver(&zones);
    let answer = resolver.validated("any.wild.signed", RecordType::A).await;
    let answer = answer.unwrap();
    assert_eq!(answer.security, Security::Insecure);
    assert_eq!(answer.records.len(), 1);
    let refused = resolver.validated("any.wild.stripped", RecordType::A).await;
    assert_eq!(refused.unwrap_err(), ResolveError::Bogus);
}

#[tokio::test]
async fn that_there_is_nothing_is_signed_too() {
    let Some(zones) = SignedZones::serving(RECORDS) else {
        return;
    };
    let resolver = resolver(&zones);
    for (name, kind) in [
        ("missing.signed", RecordType::A),
        ("www.signed", RecordType::TLSA),
        ("_25._tcp.mx.signed", RecordType::TLSA),
    ] {
        let answer = resolver.validated(name, kind).await.unwrap();
        assert!(answer.records.is_empty(), "{name}");
        assert_eq!(answer.security, Security::Secure, "{name}");
    }
    let answer = resolver
        .validated("missing.plain", RecordType::A)
        .await
        .unwrap();
    assert!(answer.records.is_empty());
    assert_eq!(answer.security, Security::Insecure);
    let refused = resolver.validated("missing.stripped", RecordType::A).await;
    assert_eq!(refused.unwrap_err(), ResolveError::Bogus);
}

/// With the public root's key, which has signed nothing here.
#[tokio::test]
async fn without_signatures_to_go_by_nothing_is_secure_and_nothing_fails() {
    let Some(zones) = SignedZones::serving(RECORDS) else {
        return;
    };
    let resolver = Resolver::at(zones.address).unwrap();
    for name in ["www.signed", "www.forged", "www.plain"] {
        let answer = resolver.validated(name, RecordType::A).await.unwrap();
        assert_eq!(answer.security, Security::Insecure, "{name}");
        assert_eq!(answer.records.len(), 1, "{name}");
    }
    assert_eq!(resolver.dnssec(), DnssecState::Unavailable);
}

#[tokio::test]
async fn texts_come_joined() {
    let records = format!("{RECORDS}long TXT \"v=STSv1; \" \"id=1;\"\n");
    let Some(zones) = SignedZones::serving(&records) else {
        return;
    };
    let resolver = resolver(&zones);
    assert_eq!(
        resolver.texts("long.plain").await.unwrap(),
        ["v=STSv1; id=1;"]
    );
    assert!(resolver.texts("none.plain").await.unwrap().is_empty());
}

#[test]
fn anchor_that_is_none_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("anchor");
    std::fs::write(&path, "this is no key\n").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let resolver = Resolver::at("127.0.0.1:53".parse().unwrap()).unwrap();
    let refused = resolver.with_anchor(&path).err().unwrap().to_string();
    assert!(refused.contains("anchor"), "{refused}");
}
