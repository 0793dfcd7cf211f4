//! What a client sees of a server's certificate.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Connects over TLS as a client that trusts `root` and asks for `name`; returns what went wrong else.
pub async fn connect(
    address: SocketAddr,
    name: &str,
    root: &str,
) -> Result<TlsStream<TcpStream>, String> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    agree(stream, name, root).await
}

/// The same on a mail port, after STARTTLS.
pub async fn connect_by_starttls(
    address: SocketAddr,
    name: &str,
    root: &str,
) -> Result<TlsStream<TcpStream>, String> {
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    for (command, expected) in [
        ("", "220 "),
        ("EHLO peer.example\r\n", "250 "),
        ("STARTTLS\r\n", "220 "),
    ] {
        stream
            .write_all(command.as_bytes())
            .await
            .map_err(|error| error.to_string())?;
        let mut answer = String::new();
        while !answer.lines().any(|line| line.starts_with(expected)) {
            let mut bytes = [0; 1024];
            let length = stream
                .read(&mut bytes)
                .await
                .map_err(|error| error.to_string())?;
            assert!(length > 0, "the server hung up: {answer}");
            answer.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    }
    agree(stream, name, root).await
}

async fn agree(stream: TcpStream, name: &str, root: &str) -> Result<TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root.as_bytes()) {
        roots
            .add(certificate.expect("a certificate"))
            .expect("a root");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect(name, stream)
        .await
        .map_err(|error| error.to_string())
}

/// The certificate that the server showed.
pub fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let chain = stream.get_ref().1.peer_certificates().expect("a chain");
    chain[0].as_ref().to_vec()
}

/// Asks for a page on an open connection, which stays open, and returns its status and body.
pub async fn get(stream: &mut TlsStream<TcpStream>, host: &str, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0_usize);
            if body.len() >= length {
                let status = head[9..12].parse().expect("a status");
                return (status, body.to_owned());
            }
        }
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).await.expect("an answer");
        assert!(length > 0, "the server hung up: {text}");
        answer.extend_from_slice(&bytes[..length]);
    }
}
