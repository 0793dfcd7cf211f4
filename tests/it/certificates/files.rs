//! `--https` with the operator's own files, and policies on it.

use std::path::Path;

use posthouse_tests::eventually;
use posthouse_tests::server::{Options, Posthouse};
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

use super::seen::{connect, connect_by_starttls, get, shown};

const HOST: &str = "mail.posthouse.test";

/// Writes a self-signed certificate and its key; returns the certificate.
fn write_pair(dir: &Path) -> String {
    let names = [HOST.to_owned(), "mta-sts.bots.posthouse.test".to_owned()];
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(names).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    std::fs::write(dir.join("key.pem"), key.serialize_pem()).expect("written");
    std::fs::write(dir.join("cert.pem"), &certificate).expect("written");
    certificate
}

async fn server_with_files(dir: &Path) -> Posthouse {
    let path = |name: &str| dir.join(name).to_str().expect("a plain path").to_owned();
    let flags = [
        ("--hostname", HOST.to_owned()),
        ("--https", "127.0.0.1:0".to_owned()),
        ("--tls-cert", path("cert.pem")),
        ("--tls-key", path("key.pem")),
    ];
    Posthouse::start_with(Options {
        flags: flags
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value])
            .collect(),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn changed_files_are_shown_without_a_restart_and_broken_ones_are_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = write_pair(dir.path());
    let server = server_with_files(dir.path()).await;
    let https = server.ready().https.expect("on");
    let mut old = connect(https, HOST, &first).await.expect("the first");
    assert_eq!(get(&mut old, HOST, "/healthz").await.0, 200);

    std::fs::write(dir.path().join("cert.pem"), "damaged").expect("written");
    eventually("the damage to be noticed", async || {
        server
            .log()
            .contains("cannot be used, the former one is shown")
            .then_some(())
    })
    .await;
    connect(https, HOST, &first).await.expect("still the first");

    let second = write_pair(dir.path());
    let new = eventually("the second certificate", async || {
        connect(https, HOST, &second).await.ok()
    })
    .await;
    assert_ne!(shown(&new), shown(&old));
    connect_by_starttls(server.ready().smtp, HOST, &second)
        .await
        .expect("for mail, too");
    assert_eq!(get(&mut old, HOST, "/healthz").await.0, 200);
}

#[tokio::test]
async fn policies_of_registered_domains_are_served_by_their_host_and_no_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = write_pair(dir.path());
    let server = server_with_files(dir.path()).await;
    let domain = json!({"name": "Bots", "domain_address": "bots.posthouse.test"});
    server
        .api()
        .post("/v3/admin/domains", domain)
        .await
        .expect(200);
    let https = server.ready().https.expect("on");
    let host = "mta-sts.bots.posthouse.test";
    let mut web = connect(https, host, &root)
        .await
        .expect("a certificate for it");
    let (status, policy) = get(&mut web, host, "/.well-known/mta-sts.txt").await;
    assert_eq!(status, 200);
    let expected = format!("version: STSv1\r\nmode: testing\r\nmx: {HOST}\r\nmax_age: 86400\r\n");
    assert_eq!(policy, expected);
    for other in [
        "mta-sts.elsewhere.test",
        HOST,
        "bots.posthouse.test",
        "mta-sts.agents.localhost",
    ] {
        let (status, _) = get(&mut web, other, "/.well-known/mta-sts.txt").await;
        assert_eq!(status, 404, "{other}");
    }
}

#[tokio::test]
async fn the_api_is_answered_over_tls_in_both_versions_of_http() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = write_pair(dir.path());
    let server = server_with_files(dir.path()).await;
    let https = server.ready().https.expect("on");
    let root = reqwest::Certificate::from_pem(root.as_bytes()).expect("a certificate");
    for (only_http1, version) in [
        (true, reqwest::Version::HTTP_11),
        (false, reqwest::Version::HTTP_2),
    ] {
        let mut builder = reqwest::Client::builder()
            .tls_certs_only([root.clone()])
            .resolve(HOST, https);
        if only_http1 {
            builder = builder.http1_only();
        }
        let client = builder.build().expect("a client");
        let call = client
            .get(format!("https://{HOST}:{}/v3/grants", https.port()))
            .bearer_auth(&server.ready().api_key);
        let answer = call.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.version(), version);
    }
}

/// Nothing older than TLS 1.2, and of that only what has forward secrecy and AEAD.
#[tokio::test]
async fn plain_http_on_the_tls_port_is_refused() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let dir = tempfile::tempdir().expect("a directory");
    write_pair(dir.path());
    let server = server_with_files(dir.path()).await;
    let https = server.ready().https.expect("on");
    let mut plain = tokio::net::TcpStream::connect(https)
        .await
        .expect("connected");
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("written");
    let mut answer = Vec::new();
    drop(plain.read_to_end(&mut answer).await);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}
