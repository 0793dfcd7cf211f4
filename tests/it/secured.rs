//! Mail under policies, end to end: a signed DNS, a policy server and a real Postfix that does it right, and wrong, and not at all.

// The same name server as in the tests of DNSSEC.
#[path = "../../crates/net/tests/it/signed_zone.rs"]
mod signed_zone;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use posthouse_tests::eventually;
use posthouse_tests::server::{Options, Posthouse};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use self::signed_zone::SignedZones;
use crate::peers::postfix::{Postfix, Setup};

/// The far servers: with the right certificate, with another one, and without STARTTLS.
const RIGHT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const WRONG: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const BARE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Mail that arrives, and mail that waits with this in its last reply.
const OUTCOMES: &[(&str, Option<&str>)] = &[
    // Below `signed.` the TLSA records hold.
    ("dane@right.signed", None),
    (
        "dane@wrong.signed",
        Some("DANE refuses mx.wrong.signed: no TLSA record matches"),
    ),
    (
        "dane@bare.signed",
        Some("DANE refuses mx.bare.signed: it does not offer STARTTLS"),
    ),
    // What is not signed although it should be.
    (
        "dane@right.stripped",
        Some("DNSSEC signatures are not valid"),
    ),
    // Below `plain.` the same records mean nothing, and anything goes.
    ("anything@wrong.plain", None),
    ("anything@bare.plain", None),
    // Domains with a policy.
    ("sts@right.sts.plain", None),
    (
        "sts@wrong.sts.plain",
        Some("MTA-STS refuses mx.wrong.plain: its certificate is not valid"),
    ),
    (
        "sts@bare.sts.plain",
        Some("MTA-STS refuses mx.bare.plain: it does not offer STARTTLS"),
    ),
    ("sts@unnamed.sts.plain", Some("does not name it")),
];

/// A key and a certificate in files, for Postfix.
fn write_pair(dir: &Path, name: &str, certificate: &str, key: &KeyPair) {
    std::fs::write(dir.join(format!("{name}.crt")), certificate).expect("written");
    std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).expect("written");
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn issue(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        (params.signed_by(&key, &self.0).expect("a certificate"), key)
    }
}

/// Answers every request with the policy, whatever the host.
async fn serve_policy(authority: &Authority) -> SocketAddr {
    let names =
        ["right", "wrong", "bare", "unnamed"].map(|host| format!("mta-sts.{host}.sts.plain"));
    let (certificate, key) = authority.issue(&names.each_ref().map(String::as_str));
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let policy = "version: STSv1\nmode: enforce\nmx: mx.right.plain\nmx: mx.wrong.plain\nmx: mx.bare.plain\nmax_age: 86400\n";
        let length = policy.len();
        let page = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{policy}"
        );
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 2048];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(page.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    address
}

/// Three servers on one port; what they take they throw away.
async fn far_side(dir: &Path, port: u16) -> Option<Postfix> {
    let door = |address: Ipv4Addr, pair: &str| {
        let files = dir.display();
        let options = format!(
            "-o smtpd_tls_security_level=may -o smtpd_tls_cert_file={files}/{pair}.crt -o smtpd_tls_key_file={files}/{pair}.key"
        );
        (SocketAddr::new(address.into(), port), options)
    };
    let bare = "-o smtpd_tls_security_level=none".to_owned();
    Postfix::start_as(Setup {
        doors: vec![
            door(RIGHT, "right"),
            door(WRONG, "wrong"),
            (SocketAddr::new(BARE.into(), port), bare),
        ],
        settings: vec![
            ("myhostname", "far.example".to_owned()),
            ("default_transport", "discard:".to_owned()),
            ("relay_transport", "discard:".to_owned()),
            ("smtpd_tls_loglevel", "1".to_owned()),
        ],
        services: Vec::new(),
    })
    .await
}

/// A port that is free on all three addresses.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind((RIGHT, 0)).expect("a port");
        let port = first.local_addr().expect("an address").port();
        if [WRONG, BARE]
            .iter()
            .all(|address| TcpListener::bind((*address, port)).is_ok())
        {
            return port;
        }
    }
}

fn records(port: u16, right_key: &KeyPair) -> String {
    let digest = hex::encode(Sha256::digest(right_key.subject_public_key_info()));
    let mut text = "altered A 192.0.2.1\n".to_owned();
    for (name, address) in [
        ("right", RIGHT),
        ("wrong", WRONG),
        ("bare", BARE),
        ("unnamed", RIGHT),
    ] {
        let sts = format!("{name}.sts");
        writeln!(
            text,
            "{name} MX 10 mx.{name}\nmx.{name} A {address}\n_{port}._tcp.mx.{name} TLSA 3 1 1 {digest}\n\
             {sts} MX 10 mx.{name}\n_mta-sts.{sts} TXT \"v=STSv1; id=1;\"\nmta-sts.{sts} A 127.0.0.1"
        )
        .expect("a string takes it");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_19_mail_goes_where_dane_and_mta_sts_allow_and_waits_where_they_do_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let (certificate, right_key) = authority.issue(&["mx.right.signed", "mx.right.plain"]);
    write_pair(dir.path(), "right", &certificate.pem(), &right_key);
    let (certificate, key) = Authority::new().issue(&["mx.wrong.signed", "mx.wrong.plain"]);
    write_pair(dir.path(), "wrong", &certificate.pem(), &key);
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, authority.0.pem()).expect("written");

    let port = free_port();
    let Some(zones) = SignedZones::serving(&records(port, &right_key)) else {
        return;
    };
    let Some(postfix) = far_side(dir.path(), port).await else {
        return;
    };
    let policies = serve_policy(&authority).await;
    let flags = [
        ("--outbound", "direct".to_owned()),
        ("--mx-port", port.to_string()),
        ("--mta-sts-port", policies.port().to_string()),
        ("--dns", zones.address.to_string()),
        ("--dns-anchor", zones.anchor().display().to_string()),
        ("--ca-file", ca_file.display().to_string()),
        ("--hostname", "mail.ours.example".to_owned()),
    ];
    let server = Posthouse::start_with(Options {
        flags: flags
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value])
            .collect(),
        ..Options::default()
    })
    .await;
    let agent = server.create_account("agent").await;
    let api = server.api();
    for (recipient, _) in OUTCOMES {
        let body = json!({"to": [{"email": recipient}], "subject": "Quote", "body": "Hello"});
        let path = format!("/v3/grants/{}/messages/send", agent.id);
        api.post(&path, body).await.expect(200);
    }
    let waiting = OUTCOMES
        .iter()
        .filter(|(_, reason)| reason.is_some())
        .count();
    let rows = eventually("an outcome for each", async || {
        let rows = api
            .get("/v3/admin/queue?limit=200")
            .await
            .expect(200)
            .rows();
        let are_tried = rows
            .iter()
            .all(|row| row["last_reply"].is_string() || row["last_reply"].is_object());
        (rows.len() == waiting && are_tried).then_some(rows)
    })
    .await;
    for (recipient, reason) in OUTCOMES {
        let row = rows.iter().find(|row| row["recipient"] == *recipient);
        match (row, reason) {
            (None, None) => {
                let arrived = format!("to=<{recipient}>");
                assert!(
                    postfix.log().contains(&arrived),
                    "{recipient}: {}",
                    postfix.log()
                );
            }
            (Some(row), Some(reason)) => {
                assert_eq!(row["state"], "deferred", "{row}");
                let said = row["last_reply"].to_string();
                assert!(said.contains(reason), "{recipient}: {said}");
                assert!(!postfix.log().contains(&format!("to=<{recipient}>")));
            }
            (row, _) => panic!("{recipient}: {row:?}"),
        }
    }
    // Of the four that arrived one went in plain text, where nobody asked for more.
    let encrypted = postfix
        .log()
        .matches("TLS connection established from")
        .count();
    assert!(encrypted >= 3, "{}", postfix.log());
}
