//! Where nobody asks for anything.

use std::net::SocketAddr;

use posthouse_net::resolver::Resolver;
use posthouse_net::tls_policy::{Authenticated, ReportedAs, TlsPolicy};

use super::far_side::{Authority, listen, shake, without_sts};

/// Nobody answers here, and nobody is asked.
fn nowhere() -> Resolver {
    let silent: SocketAddr = "127.0.0.1:9".parse().unwrap();
    Resolver::at(silent).unwrap()
}

#[tokio::test]
async fn any_certificate_does_and_the_session_is_described() {
    let policies = without_sts(nowhere(), &Authority::new());
    let address = listen(&Authority::new().issue(&["unrelated.example"], 2021)).await;
    let policy = TlsPolicy::Opportunistic;
    assert!(policy.allows_plain_text());
    assert!(policy.without_starttls("mx.example").is_ok());
    let secured = shake(&policies, &policy, "mx.example", address)
        .await
        .unwrap();
    assert_eq!(secured.authenticated, Authenticated::No);
    assert!(
        secured.session.starts_with("TLSv1.3 TLS_AES"),
        "{}",
        secured.session
    );
}

#[tokio::test]
async fn required_tls_wants_a_trusted_certificate_for_the_name() {
    let authority = Authority::new();
    let policies = without_sts(nowhere(), &authority);
    let cases = [
        (authority.issue(&["mx.example"], 2090), None),
        (
            authority.issue(&["other.example"], 2090),
            Some(ReportedAs::CertificateHostMismatch),
        ),
        (
            authority.issue(&["mx.example"], 2021),
            Some(ReportedAs::CertificateExpired),
        ),
        (
            Authority::new().issue(&["mx.example"], 2090),
            Some(ReportedAs::CertificateNotTrusted),
        ),
    ];
    for (shown, expected) in cases {
        let address = listen(&shown).await;
        let outcome = shake(&policies, &TlsPolicy::Pkix, "mx.example", address).await;
        match expected {
            None => assert_eq!(outcome.unwrap().authenticated, Authenticated::Pkix),
            Some(as_) => assert_eq!(outcome.unwrap_err().reported_as, as_),
        }
    }
}

/// A server that speaks no TLS after all, or closes.
#[tokio::test]
async fn a_failed_handshake_is_a_refusal_that_says_so() {
    use tokio::io::AsyncWriteExt as _;

    let policies = without_sts(nowhere(), &Authority::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"500 5.5.1 what was that?\r\n")
            .await
            .unwrap();
    });
    let refused = shake(&policies, &TlsPolicy::Encrypted, "mx.example", address)
        .await
        .unwrap_err();
    assert_eq!(refused.reported_as, ReportedAs::ValidationFailure);
    assert!(
        refused.reason.starts_with("the TLS handshake failed"),
        "{refused}"
    );
}
