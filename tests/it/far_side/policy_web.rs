//! The web servers of far domains that publish MTA-STS policies: RFC 8461 3.3.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::certificates::Pair;

/// A running web server; it ends when this value is dropped.
pub struct PolicyWeb {
    address: SocketAddr,
    listening: JoinHandle<()>,
}

impl PolicyWeb {
    /// Serves policies by host name.
    pub async fn start(pair: &Pair, policies: HashMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let acceptor = TlsAcceptor::from(pair.server_config());
        let policies = Arc::new(policies);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, policies) = (acceptor.clone(), Arc::clone(&policies));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(acceptor.accept(stream).await.ok()?);
                    let (mut line, mut host) = (String::new(), String::new());
                    while stream.read_line(&mut line).await.ok()? > 2 {
                        if let Some(value) = line.to_ascii_lowercase().strip_prefix("host:") {
                            host = value.trim().split(':').next()?.to_owned();
                        }
                        line.clear();
                    }
                    let policy = policies.get(&host)?;
                    let length = policy.len();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{policy}"
                    );
                    stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
                    stream.get_mut().shutdown().await.ok()
                });
            }
        });
        Self { address, listening }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for PolicyWeb {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
