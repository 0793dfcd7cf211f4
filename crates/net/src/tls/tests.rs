//! Certificates on disk, and handshakes in memory.

use std::fs;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

fn self_signed(dir: &Path, names: &[&str]) -> TlsSource {
    TlsSource::SelfSigned {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        dir: Some(dir.to_owned()),
    }
}

fn file(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).unwrap()
}

/// Shakes hands in memory; returns the protocol agreed on and whether the session was resumed.
async fn handshake(
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    name: &str,
) -> io::Result<(Option<Vec<u8>>, bool)> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let accepting = tokio::spawn(async move {
        let mut stream = tokio_rustls::TlsAcceptor::from(server).accept(far).await?;
        stream.write_all(b"x").await?;
        stream.shutdown().await
    });
    let connector = tokio_rustls::TlsConnector::from(client);
    let mut stream = connector
        .connect(ServerName::try_from(name.to_owned()).unwrap(), near)
        .await?;
    // Tickets arrive with the first data.
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    let (_, session) = stream.get_ref();
    let resumed = session.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
    let alpn = session.alpn_protocol().map(<[u8]>::to_vec);
    accepting.await.unwrap()?;
    Ok((alpn, resumed))
}

#[test]
fn self_signed_certificate_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let dir = &dir.path().join("tls");
    server_config(&self_signed(dir, &["mx.example", "127.0.0.1"]), &[]).unwrap();
    let first = (file(dir, "self-signed.crt"), file(dir, "self-signed.key"));
    server_config(&self_signed(dir, &["mx.example", "127.0.0.1"]), &["h2"]).unwrap();
    assert_eq!(
        (file(dir, "self-signed.crt"), file(dir, "self-signed.key")),
        first
    );
    assert_eq!(
        fs::read_dir(dir).unwrap().count(),
        2,
        "temporary files are gone"
    );
}

#[cfg(unix)]
#[test]
fn self_signed_key_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    server_config(&self_signed(dir.path(), &["mx.example"]), &[]).unwrap();
    let mode = fs::metadata(dir.path().join("self-signed.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn self_signed_certificate_is_made_anew_when_it_no_longer_serves() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    server_config(&self_signed(dir, &["mx.example"]), &[]).unwrap();
    let first = file(dir, "self-signed.crt");

    server_config(&self_signed(dir, &["mx.example", "other.example"]), &[]).unwrap();
    let second = file(dir, "self-signed.crt");
    assert_ne!(first, second, "a name was added");

    fs::write(dir.join("self-signed.crt"), &first).unwrap();
    server_config(&self_signed(dir, &["mx.example"]), &[]).unwrap();
    assert_ne!(
        file(dir, "self-signed.crt"),
        first,
        "the key was of another certificate"
    );

    fs::write(dir.join("self-signed.key"), b"garbage").unwrap();
    server_config(&self_signed(dir, &["mx.example"]), &[]).unwrap();
    assert!(file(dir, "self-signed.key").starts_with(b"-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn errors_name_the_file_and_what_is_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    server_config(&self_signed(dir, &["mx.example"]), &[]).unwrap();
    let (cert, key) = (dir.join("self-signed.crt"), dir.join("self-signed.key"));
    let text = |cert: &Path, key: &Path| {
        let source = TlsSource::Files {
            cert: cert.to_owned(),
            key: key.to_owned(),
        };
        server_config(&source, &[]).unwrap_err().to_string()
    };

    let missing = dir.join("missing.pem");
    assert!(text(&missing, &key).starts_with(&format!("cannot read {}", missing.display())));
    assert!(text(&key, &key).contains("self-signed.key holds no certificate"));
    assert!(text(&cert, &cert).contains("self-signed.crt holds no private key"));

    let broken = dir.join("broken.pem");
    fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    assert!(
        text(&broken, &key).contains("broken.pem is not a usable PEM file"),
        "{}",
        text(&broken, &key)
    );

    let other = tempfile::tempdir().unwrap();
    server_config(&self_signed(other.path(), &["mx.example"]), &[]).unwrap();
    let foreign_key = other.path().join("self-signed.key");
    assert!(text(&cert, &foreign_key).contains("cannot be used together"));

    let no_names = TlsSource::SelfSigned {
        names: Vec::new(),
        dir: None,
    };
    assert!(
        server_config(&no_names, &[])
            .unwrap_err()
            .to_string()
            .contains("at least one name")
    );
    assert!(
        client_config(Some(&missing))
            .unwrap_err()
            .to_string()
            .contains("missing.pem")
    );
}

#[tokio::test]
async fn clients_trust_the_extra_ca_file_and_only_for_its_names() {
    let dir = tempfile::tempdir().unwrap();
    let server = server_config(
        &self_signed(dir.path(), &["mx.example", "127.0.0.1"]),
        &["h2", "http/1.1"],
    )
    .unwrap();
    let trusting = client_config(Some(&dir.path().join("self-signed.crt"))).unwrap();
    let stranger = client_config(None).unwrap();

    assert!(
        handshake(server.clone(), trusting.clone(), "mx.example")
            .await
            .is_ok()
    );
    assert!(
        handshake(server.clone(), trusting.clone(), "127.0.0.1")
            .await
            .is_ok()
    );
    assert!(
        handshake(server.clone(), trusting, "other.example")
            .await
            .is_err()
    );
    assert!(handshake(server, stranger, "mx.example").await.is_err());
}

#[tokio::test]
async fn sessions_of_one_service_cannot_be_resumed_with_another() {
    let dir = tempfile::tempdir().unwrap();
    let smtp = server_config(&self_signed(dir.path(), &["mx.example"]), &[]).unwrap();
    let imap = server_config(&self_signed(dir.path(), &["mx.example"]), &[]).unwrap();
    let client = client_config(Some(&dir.path().join("self-signed.crt"))).unwrap();

    let resumed = async |server: &Arc<ServerConfig>| {
        handshake(server.clone(), client.clone(), "mx.example")
            .await
            .unwrap()
            .1
    };
    assert!(!resumed(&smtp).await, "nothing to resume yet");
    assert!(resumed(&smtp).await, "tickets work at home");
    assert!(!resumed(&imap).await, "and nowhere else");
}
