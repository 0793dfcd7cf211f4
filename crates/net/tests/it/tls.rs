//! Calls over TLS: whom the certificate must be for.

use std::sync::{Arc, Mutex};

use posthouse_net::guard::GuardError;
use posthouse_net::http::GuardedClient;
use posthouse_net::tls::{TlsSource, read_certificates, server_config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::peer::OK;
use crate::stub::{Names, policy, post};

/// What the server saw of one connection: SNI, and the request's head.
type Seen = Arc<Mutex<Vec<(Option<String>, String)>>>;

async fn tls_peer(acceptor: TlsAcceptor) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let sni = stream.get_ref().1.server_name().map(str::to_owned);
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            record.lock().unwrap().push((
                sni,
                String::from_utf8_lossy(&request[..length]).into_owned(),
            ));
            stream.write_all(OK.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (port, seen)
}

#[tokio::test]
async fn certificate_and_host_field_are_for_the_name_although_the_address_is_connected_to() {
    let dir = tempfile::tempdir().unwrap();
    let source = TlsSource::SelfSigned {
        names: vec!["hooks.example.com".into()],
        dir: Some(dir.path().into()),
    };
    let (port, seen) = tls_peer(TlsAcceptor::from(
        server_config(&source, &["http/1.1"]).unwrap(),
    ))
    .await;

    let mut trusting = policy(&["127.0.0.0/8"], Names::answering(&["127.0.0.1"]));
    trusting.extra_roots = read_certificates(&dir.path().join("self-signed.crt")).unwrap();
    let client = GuardedClient::new(trusting);
    let answer = client
        .request(post(format!("https://hooks.example.com:{port}/")))
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    {
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].0.as_deref(), Some("hooks.example.com"));
        assert!(
            seen[0]
                .1
                .contains(&format!("host: hooks.example.com:{port}\r\n")),
            "{}",
            seen[0].1
        );
    }

    for wrong in ["other.example.com", "127.0.0.1"] {
        let error = client
            .request(post(format!("https://{wrong}:{port}/")))
            .await
            .unwrap_err();
        assert!(
            matches!(error, GuardError::Tls { .. }),
            "{wrong}: {error:?}"
        );
    }
}

#[tokio::test]
async fn unknown_issuer_is_a_tls_error_that_says_so() {
    let source = TlsSource::SelfSigned {
        names: vec!["hooks.example.com".into()],
        dir: None,
    };
    let (port, seen) = tls_peer(TlsAcceptor::from(server_config(&source, &[]).unwrap())).await;
    let client = crate::stub::client(Names::answering(&["127.0.0.1"]));
    let error = client
        .request(post(format!("https://hooks.example.com:{port}/")))
        .await
        .unwrap_err();
    assert!(matches!(error, GuardError::Tls { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "cannot agree on TLS: invalid peer certificate: UnknownIssuer"
    );
    assert!(seen.lock().unwrap().is_empty());
}
