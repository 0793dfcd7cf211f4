//! STARTTLS: the upgrade, what it forgets, and who tries to get in between.

use std::sync::Arc;

use posthouse_smtp::SmtpConfig;
use posthouse_smtp::intake::Transmission;
use posthouse_smtp::limits::{TLS_HANDSHAKE_DEADLINE, TLS_HANDSHAKES_PER_PREFIX_MAX};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Client, House, config};

struct Tls {
    house: House,
    client: ClientConfig,
}

fn with_tls() -> Tls {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let issued = rcgen::generate_simple_self_signed(["mx.ours.example".to_owned()])
        .expect("a self-signed certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .expect("key and certificate belong together");
    let mut roots = RootCertStore::empty();
    roots
        .add(issued.cert.der().clone())
        .expect("the certificate is sound");
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Tls {
        house: House::new(SmtpConfig {
            tls: Some(Arc::new(server)),
            ..config()
        }),
        client,
    }
}

impl Tls {
    async fn upgrade(
        &self,
        mut client: Client<DuplexStream>,
    ) -> std::io::Result<Client<TlsStream<DuplexStream>>> {
        client.expect("STARTTLS", "220 2.0.0").await;
        let (stream, session) = client.into_parts();
        let name = ServerName::try_from("mx.ours.example").expect("a host name");
        let stream = TlsConnector::from(Arc::new(self.client.clone()))
            .connect(name, stream)
            .await?;
        Ok(Client::resume(stream, session))
    }
}

#[tokio::test]
async fn a_message_arrives_inside_tls_and_says_so() {
    let tls = with_tls();
    let mut client = tls.house.connect().await;
    assert!(client.command("EHLO c.example").await.contains("STARTTLS"));
    let mut client = tls.upgrade(client).await.expect("the handshake succeeds");
    assert!(!client.command("EHLO c.example").await.contains("STARTTLS"));
    client.expect("STARTTLS", "503").await;
    client.envelope().await;
    assert!(client.message("a: b").await.starts_with("250"));
    client.expect("QUIT", "221").await;
    assert_eq!(client.rest().await, "");
    let received = tls.house.recorder.messages().remove(0);
    assert_eq!(received.transmission, Transmission::Esmtps);
    assert!(
        received
            .tls
            .as_deref()
            .is_some_and(|tls| tls.starts_with("TLSv1.3 TLS_AES_")),
        "{:?}",
        received.tls
    );
}

#[tokio::test]
async fn requiretls_is_announced_and_taken_inside_tls_alone() {
    let tls = with_tls();
    let mut client = tls.house.connect().await;
    let offers = client.command("EHLO c.example").await;
    assert!(!offers.contains("REQUIRETLS"), "{offers}");
    client
        .expect("MAIL FROM:<a@far.example> REQUIRETLS", "555 5.5.4")
        .await;
    let mut client = tls.upgrade(client).await.expect("the handshake succeeds");
    let offers = client.command("EHLO c.example").await;
    assert!(offers.contains("REQUIRETLS"), "{offers}");
    client
        .expect("MAIL FROM:<a@far.example> REQUIRETLS", "250")
        .await;
}

#[tokio::test]
async fn smtp_04_commands_behind_starttls_close_the_connection() {
    for injected in ["MAIL FROM:<evil@far.example>\r\n", "x", "\r\n"] {
        let tls = with_tls();
        let mut client = tls.house.connect().await;
        client.expect("EHLO c.example", "250").await;
        client.send(format!("STARTTLS\r\n{injected}")).await;
        let rest = client.rest().await;
        assert!(
            rest.starts_with("421") && rest.lines().count() == 1,
            "{rest}"
        );
    }
}

#[tokio::test]
async fn smtp_04_plain_text_sent_after_the_go_ahead_is_no_command() {
    let tls = with_tls();
    let mut client = tls.house.connect().await;
    client.address().await;
    client.expect("STARTTLS", "220").await;
    client.send("DATA\r\nsmuggled\r\n.\r\n").await;
    let (stream, session) = client.into_parts();
    drop(stream);
    session
        .expect("the test opened it")
        .await
        .expect("the session does not panic");
    assert!(tls.house.recorder.messages().is_empty());
}

#[tokio::test]
async fn smtp_04_everything_said_in_plain_text_is_forgotten() {
    let tls = with_tls();
    let mut client = tls.house.connect().await;
    client.address().await;
    let mut client = tls.upgrade(client).await.expect("the handshake succeeds");
    client.expect("RCPT TO:<user1@ours.example>", "503").await;
    client.expect("DATA", "503").await;
    client
        .expect("MAIL FROM:<a@far.example>", "503 5.5.1 say EHLO")
        .await;
    client.address().await;
    assert!(client.message("a: b").await.starts_with("250"));
    assert_eq!(tls.house.recorder.messages()[0].recipients, ["known"]);
}

#[tokio::test(start_paused = true)]
async fn smtp_10_half_open_handshakes_end_at_their_deadline() {
    let tls = with_tls();
    let mut client = tls.house.connect().await;
    client.expect("EHLO c.example", "250").await;
    client.expect("STARTTLS", "220").await;
    let begun = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(
        begun.elapsed() >= TLS_HANDSHAKE_DEADLINE && begun.elapsed() < TLS_HANDSHAKE_DEADLINE * 2
    );
}

#[tokio::test]
async fn smtp_10_half_open_handshakes_are_bounded_per_address_and_spare_others() {
    let tls = with_tls();
    let mut half_open = Vec::new();
    for _ in 0..TLS_HANDSHAKES_PER_PREFIX_MAX[0] {
        let mut client = tls.house.connect().await;
        client.expect("STARTTLS", "220").await;
        half_open.push(client);
    }
    let mut refused = tls.house.connect().await;
    refused.expect("STARTTLS", "454 4.7.0").await;
    refused.expect("NOOP", "250").await;
    let elsewhere = "198.51.100.1".parse().expect("an address");
    let other = tls.house.connect_from(elsewhere).await;
    let mut other = tls
        .upgrade(other)
        .await
        .expect("another network is not concerned");
    other.expect("NOOP", "250").await;
    for client in half_open {
        client.hang_up().await;
    }
    tls.upgrade(refused).await.expect("the places came back");
}

#[tokio::test]
async fn smtp_16_a_tls_client_of_another_protocol_is_refused() {
    let mut tls = with_tls();
    tls.client.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let client = tls.house.connect().await;
    assert!(tls.upgrade(client).await.is_err());
    tls.client.alpn_protocols = vec![b"smtp".to_vec()];
    let client = tls.house.connect().await;
    assert!(tls.upgrade(client).await.is_ok());
}
