//! Does a mail server answer out there? Many networks let nobody out to port 25, and say so by silence.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::limits::ADDRESSES_TRIED_MAX;
use crate::resolver::Resolve;

/// How long one address may take to greet.
const GREETING_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of a greeting that are read. RFC 5321 4.5.3.1.5: a reply line has 512 octets.
const GREETING_BYTES_MAX: u64 = 512;

/// Why nobody greeted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The name leads nowhere.
    #[error("{0} has no address")]
    NoAddress(String),
    /// Nobody could be reached, or said what mail servers say.
    #[error("{address}: {reason}")]
    NoGreeting {
        /// The last one that was tried.
        address: SocketAddr,
        /// What happened.
        reason: String,
    },
}

/// Returns the first line that a mail server greets with, and leaves again.
///
/// # Errors
/// [`ProbeError`] when no address of the host greeted.
pub async fn greeting(resolver: &dyn Resolve, host: &str, port: u16) -> Result<String, ProbeError> {
    let none = || ProbeError::NoAddress(host.to_owned());
    let addresses = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => resolver.lookup(host).await.map_err(|_| none())?,
    };
    let mut failure = none();
    for address in addresses.into_iter().take(ADDRESSES_TRIED_MAX) {
        let address = SocketAddr::new(address, port);
        let greeted = tokio::time::timeout(GREETING_DEADLINE, greet(address)).await;
        let reason = match greeted {
            Ok(Ok(line)) if line.starts_with("220") => return Ok(line),
            Ok(Ok(line)) => format!("greeted with {line:?}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        failure = ProbeError::NoGreeting { address, reason };
    }
    Err(failure)
}

async fn greet(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    let mut greeting = BufReader::new(read.take(GREETING_BYTES_MAX));
    greeting.read_until(b'\n', &mut line).await?;
    // Whoever has greeted is owed a goodbye, and may be gone already.
    drop(write.write_all(b"QUIT\r\n").await);
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolver::Resolver;
    use tokio::net::TcpListener;

    async fn probe(says: &'static [u8]) -> Result<String, ProbeError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(says).await.unwrap();
        });
        let resolver = Resolver::at(address).unwrap();
        let greeted = greeting(&resolver, "127.0.0.1", address.port()).await;
        server.await.unwrap();
        greeted
    }

    #[tokio::test]
    async fn a_mail_server_is_known_by_its_greeting() {
        let greeted = probe(b"220 mx.example.org ESMTP\r\n").await;
        assert_eq!(greeted.unwrap(), "220 mx.example.org ESMTP");
        for other in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"554 no\r\n", b""] {
            let greeted = probe(other).await;
            assert!(matches!(greeted, Err(ProbeError::NoGreeting { .. })));
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_told_with_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let resolver = Resolver::at(address).unwrap();
        let refused = greeting(&resolver, "localhost", address.port()).await;
        assert!(
            matches!(refused, Err(ProbeError::NoGreeting { .. })),
            "{refused:?}"
        );
    }
}
