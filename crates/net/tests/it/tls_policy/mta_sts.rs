//! MTA-STS: fetched, obeyed, kept.

use std::sync::{Arc, Mutex};

use posthouse_net::tls_policy::mta_sts::Mode;
use posthouse_net::tls_policy::{Authenticated, PolicyKind, ReportedAs, TlsPolicies, TlsPolicy};

use super::far_side::{Authority, Hands, NOW, Shelf, listen, policies, serve, shake, target};
use crate::dnssec::resolver;
use crate::signed_zone::SignedZones;

const DNS: &str = "\
@ MX 10 mx
mx A 192.0.2.1
mta-sts A 127.0.0.1
_mta-sts TXT \"v=STSv1; id=one;\"
sub MX 10 mx
";

const ENFORCE: &str = "version: STSv1\nmode: enforce\nmx: mx.plain\nmax_age: 86400\n";

/// A policy server whose answer the test changes, and who counts.
struct PolicyServer {
    zones: SignedZones,
    authority: Authority,
    answer: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
    port: u16,
    shelf: Arc<Shelf>,
    clock: Arc<Hands>,
}

fn page(policy: &str) -> String {
    let length = policy.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{policy}"
    )
}

impl PolicyServer {
    async fn answering(answer: &str) -> Option<Self> {
        let zones = SignedZones::serving(DNS)?;
        let authority = Authority::new();
        let shown = authority.issue(&["mta-sts.plain"], 2090);
        let answer = Arc::new(Mutex::new(answer.to_owned()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (said, heard) = (Arc::clone(&answer), Arc::clone(&asked));
        let address = serve(&shown, move |request| {
            heard.lock().unwrap().push(request.to_owned());
            said.lock().unwrap().clone()
        })
        .await;
        Some(Self {
            zones,
            authority,
            answer,
            asked,
            port: address.port(),
            shelf: Arc::default(),
            clock: Arc::new(Hands(Mutex::new(NOW))),
        })
    }

    /// A process that has just started.
    fn policies(&self) -> TlsPolicies {
        policies(
            resolver(&self.zones),
            &self.authority,
            self.port,
            Arc::clone(&self.shelf),
            Arc::clone(&self.clock),
        )
    }

    fn answer(&self, answer: &str) {
        *self.answer.lock().unwrap() = answer.to_owned();
    }

    fn later(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += seconds;
    }

    fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

const ENFORCED: TlsPolicy = TlsPolicy::MtaSts {
    mode: Mode::Enforce,
    unlisted: false,
};

#[tokio::test]
async fn an_enforced_policy_wants_a_trusted_certificate() {
    let Some(server) = PolicyServer::answering(&page(ENFORCE)).await else {
        return;
    };
    let policies = server.policies();
    let policy = policies.for_mx(&target("plain", "mx.plain")).await.unwrap();
    assert_eq!(policy, ENFORCED);
    assert!(!policy.allows_plain_text());
    let request = server.asked.lock().unwrap()[0].clone();
    assert!(
        request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("host: mta-sts.plain:{}\r\n", server.port)),
        "{request}"
    );

    let trusted = listen(&server.authority.issue(&["mx.plain"], 2090)).await;
    let secured = shake(&policies, &policy, "mx.plain", trusted)
        .await
        .unwrap();
    assert_eq!(secured.authenticated, Authenticated::Pkix);
    let unknown = listen(&Authority::new().issue(&["mx.plain"], 2090)).await;
    let refused = shake(&policies, &policy, "mx.plain", unknown)
        .await
        .unwrap_err();
    assert_eq!(refused.reported_as, ReportedAs::CertificateNotTrusted);
    assert!(
        refused
            .to_string()
            .starts_with("MTA-STS refuses mx.plain: "),
        "{refused}"
    );
}

#[tokio::test]
async fn smtp_19_a_server_that_the_policy_does_not_name_is_refused() {
    let Some(server) = PolicyServer::answering(&page(ENFORCE)).await else {
        return;
    };
    let refused = server
        .policies()
        .for_mx(&target("plain", "mx.evil.example"))
        .await
        .unwrap_err();
    assert_eq!(refused.policy, PolicyKind::MtaSts);
    assert_eq!(refused.reported_as, ReportedAs::ValidationFailure);
    assert!(!refused.permanent);
}

#[tokio::test]
async fn a_policy_in_testing_mode_is_only_reported() {
    let testing = ENFORCE.replace("enforce", "testing");
    let Some(server) = PolicyServer::answering(&page(&testing)).await else {
        return;
    };
    let policies = server.policies();
    let policy = policies.for_mx(&target("plain", "mx.plain")).await.unwrap();
    assert!(policy.allows_plain_text());
    let unknown = listen(&Authority::new().issue(&["mx.plain"], 2090)).await;
    let secured = shake(&policies, &policy, "mx.plain", unknown)
        .await
        .unwrap();
    assert_eq!(secured.authenticated, Authenticated::No);
    let noted = secured.would_refuse.unwrap();
    assert_eq!(noted.reported_as, ReportedAs::CertificateNotTrusted);

    let policy = policies
        .for_mx(&target("plain", "mx.other.example"))
        .await
        .unwrap();
    let trusted = listen(&server.authority.issue(&["mx.other.example"], 2090)).await;
    let secured = shake(&policies, &policy, "mx.other.example", trusted)
        .await
        .unwrap();
    assert!(
        secured
            .would_refuse
            .unwrap()
            .reason
            .contains("does not name it")
    );

    let mut requiring = target("plain", "mx.plain");
    requiring.require_tls = true;
    assert_eq!(policies.for_mx(&requiring).await.unwrap(), ENFORCED);
}

#[tokio::test]
async fn smtp_19_a_kept_policy_holds_while_its_server_is_gone_also_after_a_restart() {
    let Some(server) = PolicyServer::answering(&page(ENFORCE)).await else {
        return;
    };
    let here = target("plain", "mx.plain");
    let first = server.policies();
    assert_eq!(first.for_mx(&here).await.unwrap(), ENFORCED);
    assert_eq!(first.for_mx(&here).await.unwrap(), ENFORCED);
    assert_eq!(server.times_asked(), 1);

    server.answer("HTTP/1.1 500 Gone\r\ncontent-length: 0\r\n\r\n");
    let restarted = server.policies();
    assert_eq!(restarted.for_mx(&here).await.unwrap(), ENFORCED);
    assert_eq!(server.times_asked(), 1);
    server.later(86_399);
    assert_eq!(restarted.for_mx(&here).await.unwrap(), ENFORCED);
    server.later(1);
    assert_eq!(
        restarted.for_mx(&here).await.unwrap(),
        TlsPolicy::Opportunistic
    );
}

#[tokio::test]
async fn a_new_id_brings_the_new_policy() {
    let Some(server) = PolicyServer::answering(&page(ENFORCE)).await else {
        return;
    };
    let here = target("plain", "mx.plain");
    server.policies().for_mx(&here).await.unwrap();
    // As if what is kept had been announced by an older record.
    server.shelf.0.lock().unwrap().get_mut("plain").unwrap().id = "zero".to_owned();
    server.answer(&page("version: STSv1\nmode: none\nmax_age: 86400\n"));
    let restarted = server.policies();
    assert_eq!(
        restarted.for_mx(&here).await.unwrap(),
        TlsPolicy::Opportunistic
    );
    assert_eq!(server.times_asked(), 2);
    assert_eq!(server.shelf.0.lock().unwrap()["plain"].id, "one");
}

#[tokio::test]
async fn a_policy_with_a_long_life_is_fetched_again_every_day() {
    let Some(server) = PolicyServer::answering(&page(&ENFORCE.replace("86400", "604800"))).await
    else {
        return;
    };
    let here = target("plain", "mx.plain");
    let policies = server.policies();
    policies.for_mx(&here).await.unwrap();
    server.later(90_000);
    policies.for_mx(&here).await.unwrap();
    assert_eq!(server.times_asked(), 2);
}

#[tokio::test]
async fn what_is_no_policy_counts_as_none_and_is_not_asked_for_at_once_again() {
    let here = target("plain", "mx.plain");
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n";
    let html = page(ENFORCE).replace("text/plain", "text/html");
    let endless = page(&format!("{ENFORCE}{}", "x: y\n".repeat(20_000)));
    for answer in [redirect.to_owned(), html, endless, page("mode: enforce\n")] {
        let Some(server) = PolicyServer::answering(&answer).await else {
            return;
        };
        let policies = server.policies();
        assert_eq!(
            policies.for_mx(&here).await.unwrap(),
            TlsPolicy::Opportunistic,
            "{answer:.60}"
        );
        server.answer(&page(ENFORCE));
        assert_eq!(
            policies.for_mx(&here).await.unwrap(),
            TlsPolicy::Opportunistic
        );
        assert_eq!(server.times_asked(), 1);
        server.later(300);
        assert_eq!(policies.for_mx(&here).await.unwrap(), ENFORCED);
    }
}

#[tokio::test]
async fn a_domain_without_a_record_of_its_own_has_no_policy() {
    let Some(server) = PolicyServer::answering(&page(ENFORCE)).await else {
        return;
    };
    let policy = server
        .policies()
        .for_mx(&target("sub.plain", "mx.plain"))
        .await
        .unwrap();
    assert_eq!(policy, TlsPolicy::Opportunistic);
    assert_eq!(server.times_asked(), 0);
}
