//! Orders, end to end: issued, renewed, refused, and cut off in the middle.

use std::net::SocketAddr;
use std::time::Duration;

use posthouse_tests::server::Posthouse;
use posthouse_tests::{deadline, eventually, eventually_within};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::authority::{Authority, HOST};
use super::seen::{connect, connect_by_starttls, get, shown};

/// Pebble takes its time between looks; two orders and their polling fit well into this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Without pauses, and with every third good nonce refused.
const QUICK: &[(&str, &str)] = &[
    ("PEBBLE_VA_NOSLEEP", "1"),
    ("PEBBLE_WFE_NONCEREJECT", "33"),
    ("PEBBLE_AUTHZREUSE", "0"),
];

async fn issued(
    authority: &Authority,
    address: SocketAddr,
    name: &str,
    root: &str,
) -> TlsStream<TcpStream> {
    let patience = PATIENCE.max(deadline());
    eventually_within(patience, &format!("a certificate for {name}"), async || {
        connect(address, name, root).await.ok().or_else(|| {
            let log = authority.log();
            assert!(!log.contains("panic"), "{log}");
            None
        })
    })
    .await
}

#[tokio::test]
async fn a_certificate_is_issued_by_a_proof_over_tls_and_shown_to_all_services() {
    let Some(authority) = Authority::start(QUICK).await else {
        return;
    };
    let root = authority.root().await;
    let server = authority.customer(true).await;
    let mut web = issued(&authority, authority.https, HOST, &root).await;
    let (status, _) = get(&mut web, HOST, "/healthz").await;
    assert_eq!(status, 200);
    let mail = connect_by_starttls(server.ready().smtp, HOST, &root).await;
    assert_eq!(shown(&mail.expect("the same certificate")), shown(&web));
    assert!(server.log().contains("TlsAlpn"));
    // Who asks for another name is shown this one, and is not fooled.
    let refused = connect(authority.https, "other.posthouse.test", &root).await;
    assert!(refused.expect_err("refused").contains("not valid for name"));
}

#[tokio::test]
async fn a_domain_whose_ownership_is_proven_gets_a_certificate_for_its_policy_host() {
    let Some(authority) = Authority::start(QUICK).await else {
        return;
    };
    let root = authority.root().await;
    let server = authority.customer(true).await;
    issued(&authority, authority.https, HOST, &root).await;
    let api = server.api();
    let domains = "/v3/admin/domains";
    for name in ["bots.posthouse.test", "others.posthouse.test"] {
        let domain = json!({"name": name, "domain_address": name});
        api.post(domains, domain).await.expect(200);
    }
    // Of both the DNS leads here, and of one alone it is known whose it is.
    let asked = json!({"type": "ownership"});
    let info = format!("{domains}/bots.posthouse.test/info");
    let info = api.post(&info, asked.clone()).await.expect(200);
    let record = &info.data()["attempt"]["options"];
    let text = |name: &str| record[name].as_str().expect("a text").to_owned();
    authority.publish_text(&text("fqdn"), &text("value")).await;
    let verify = format!("{domains}/bots.posthouse.test/verify");
    let verified = api.post(&verify, asked).await.expect(200);
    assert_eq!(verified.data()["status"], "done", "{:?}", verified.data());

    // Names are looked for every five minutes.
    authority.ahead(600);
    let host = "mta-sts.bots.posthouse.test";
    let mut web = issued(&authority, authority.https, host, &root).await;
    let (status, policy) = get(&mut web, host, "/.well-known/mta-sts.txt").await;
    assert_eq!(status, 200);
    assert!(policy.contains(&format!("mx: {HOST}")), "{policy}");
    let mail = connect_by_starttls(server.ready().smtp, HOST, &root).await;
    mail.expect("the host's own, as before");
    let other = connect(authority.https, "mta-sts.others.posthouse.test", &root).await;
    assert!(other.expect_err("none").contains("not valid for name"));
}

#[tokio::test]
async fn without_https_a_name_is_proven_by_a_file() {
    let Some(authority) = Authority::start(QUICK).await else {
        return;
    };
    let root = authority.root().await;
    let server = authority.customer(false).await;
    let smtp = server.ready().smtp;
    eventually_within(PATIENCE, "a certificate on the mail port", async || {
        connect_by_starttls(smtp, HOST, &root).await.ok()
    })
    .await;
    assert!(server.log().contains("proof=Http"));
    let unknown = server
        .api()
        .without_key()
        .get("/.well-known/acme-challenge/none")
        .await;
    unknown.expect(404);
}

#[tokio::test]
async fn renewal_comes_before_the_end_and_drops_no_connection() {
    let Some(authority) = Authority::start(QUICK).await else {
        return;
    };
    let root = authority.root().await;
    let server = authority.customer(true).await;
    let mut old = issued(&authority, authority.https, HOST, &root).await;
    get(&mut old, HOST, "/healthz").await;
    // Pebble's certificates live for five years.
    authority.ahead(4 * 366 * 86_400);
    let new = eventually_within(PATIENCE, "another certificate", async || {
        let stream = connect(authority.https, HOST, &root)
            .await
            .expect("always a valid one");
        (shown(&stream) != shown(&old)).then_some(stream)
    })
    .await;
    assert_ne!(shown(&new), shown(&old));
    let (status, _) = get(&mut old, HOST, "/healthz").await;
    assert_eq!(status, 200);
    assert_eq!(server.log().matches("a certificate was issued").count(), 2);
}

#[tokio::test]
async fn a_refused_order_is_said_clearly_put_off_and_tried_the_other_way() {
    let Some(authority) = Authority::start(QUICK).await else {
        return;
    };
    let root = authority.root().await;
    authority.point_names_at("127.0.0.99").await;
    let server = authority.customer(true).await;
    let words = "no certificate for mail.posthouse.test: the certificate authority refuses:";
    eventually_within(PATIENCE, "the refusal in the log", async || {
        server.log().contains(words).then_some(())
    })
    .await;
    let ready = server.api().without_key().get("/readyz").await.expect(200);
    let notes = ready.data()["notes"].to_string();
    assert!(
        notes.contains("no certificate could be got for mail.posthouse.test"),
        "{notes}"
    );

    // Nothing is tried before its time.
    authority.point_names_at("127.0.0.1").await;
    assert_eq!(server.log().matches("asked to come and look").count(), 1);
    authority.ahead(120);
    issued(&authority, authority.https, HOST, &root).await;
    assert!(server.log().contains("proof=Http"));
    let ready = server.api().without_key().get("/readyz").await.expect(200);
    assert!(!ready.data()["notes"].to_string().contains("certificate"));
}

#[tokio::test]
async fn an_order_is_gone_on_with_or_begun_again_after_a_kill_in_the_middle() {
    // Pebble waits before it looks: that is the middle.
    let slow = [("PEBBLE_VA_SLEEPTIME", "3"), ("PEBBLE_AUTHZREUSE", "0")];
    let Some(authority) = Authority::start(&slow).await else {
        return;
    };
    let root = authority.root().await;
    let mut server = authority.customer(true).await;
    eventually("the authority to be asked", async || {
        server
            .log()
            .contains("asked to come and look")
            .then_some(())
    })
    .await;
    server.kill();
    server.launch().await;
    issued(&authority, authority.https, HOST, &root).await;
    let log = server.log();
    // Pebble may have looked while nobody was there; then the order is lost.
    assert!(log.contains("order that was left open"), "{log}");

    // What was issued is there at once after the next kill.
    let before = shown(&connect(authority.https, HOST, &root).await.expect("issued"));
    server.kill();
    server.launch().await;
    let after = connect(authority.https, HOST, &root)
        .await
        .expect("at once");
    assert_eq!(shown(&after), before);
}

#[tokio::test]
async fn ops_02_keys_of_certificates_are_nowhere_in_the_database_as_they_are() {
    let Some(authority) = Authority::start(QUICK).await else {
        return;
    };
    let root = authority.root().await;
    let mut server = authority.customer(true).await;
    issued(&authority, authority.https, HOST, &root).await;
    server.stop().await;
    assert!(!holds_a_key(&server));
}

/// OPS-02: how every PKCS #8 key on P-256 begins, and how accounts name theirs.
fn holds_a_key(server: &Posthouse) -> bool {
    let pkcs8 = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b";
    let files = std::fs::read_dir(server.data_directory()).expect("a directory");
    files
        .flatten()
        .filter(|file| file.path().is_file())
        .any(|file| {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            holds(pkcs8) || holds(b"key_pkcs8")
        })
}
