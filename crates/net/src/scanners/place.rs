//! Where a scanner listens.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::{ANSWER_BYTES_MAX, ScanError};
use crate::resolver::Resolve;

/// The address of a scanner: `127.0.0.1:3310`, `scanner.example:783`, `/run/clamav/clamd.ctl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A host, by name or address, and a port.
    Tcp(String, u16),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// A text that is no address of a scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST:PORT or the absolute path of a socket")]
pub struct BadPlace;

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let (host, port) = text.rsplit_once(':').ok_or(BadPlace)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| BadPlace)?;
        if host.is_empty() || host.contains(['/', ' ', '@']) || port == 0 {
            return Err(BadPlace);
        }
        Ok(Self::Tcp(host.to_ascii_lowercase(), port))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A connection to a scanner.
pub(super) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

impl Place {
    /// Connects. The operator named the place, so private addresses are as good as any.
    pub(super) async fn connect(
        &self,
        resolver: &Arc<dyn Resolve>,
    ) -> Result<Pin<Box<dyn Line>>, ScanError> {
        match self {
            Self::Unix(path) => Ok(Box::pin(UnixStream::connect(path).await?)),
            Self::Tcp(host, port) => {
                let addresses: Vec<IpAddr> = match host.parse() {
                    Ok(address) => vec![address],
                    Err(_) => resolver
                        .lookup(host)
                        .await
                        .map_err(|_| ScanError::NoAddress)?,
                };
                let mut failure = ScanError::NoAddress;
                for address in addresses.into_iter().take(4) {
                    match TcpStream::connect(SocketAddr::new(address, *port)).await {
                        Ok(stream) => return Ok(Box::pin(stream)),
                        Err(error) => failure = error.into(),
                    }
                }
                Err(failure)
            }
        }
    }
}

/// Reads an answer to its end, or as much as is kept.
pub(super) async fn read_answer(line: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    line.take(ANSWER_BYTES_MAX as u64)
        .read_to_end(&mut answer)
        .await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_with_a_port_or_a_path() {
        for (text, shown) in [
            ("127.0.0.1:3310", "127.0.0.1:3310"),
            ("[::1]:783", "[::1]:783"),
            ("Scanner.example:11333", "scanner.example:11333"),
            ("/run/clamd.ctl", "/run/clamd.ctl"),
            ("unix:/run/clamd.ctl", "/run/clamd.ctl"),
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "localhost",
            "localhost:",
            "localhost:0",
            ":25",
            "http://x:80",
            "run/clamd.ctl",
            "x:99999",
        ] {
            assert_eq!(text.parse::<Place>(), Err(BadPlace), "{text}");
        }
    }
}
