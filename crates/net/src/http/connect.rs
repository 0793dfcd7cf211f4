//! Opening a connection to an address that was checked.

use std::io;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::Connection;
use crate::guard::{GuardError, Scheme, Target};
use crate::limits::{
    ADDRESSES_TRIED_MAX, CONNECTION_LIFE_MAX, HOOK_READ_BUFFER_BYTES_MAX,
    HOOK_RESPONSE_HEADER_BYTES_MAX, HOOK_RESPONSE_HEADERS_MAX,
};
use crate::telemetry;

/// Connects to one of `addresses`, each of which the policy has passed, and prepares it for HTTP/1.1.
///
/// The caller's deadline `connect_by` covers all of it; it is used here only to give each address its share.
pub(super) async fn open(
    target: &Target,
    addresses: &[IpAddr],
    tls: &TlsConnector,
    connect_by: Instant,
) -> Result<Connection, GuardError> {
    let (stream, peer) = reach_one_of(addresses, target.port(), connect_by).await?;
    telemetry::count_connection();
    // Requests are small and written at once; waiting for more bytes only delays them.
    stream
        .set_nodelay(true)
        .map_err(|source| GuardError::Connect { source })?;

    if target.scheme() == Scheme::Http {
        return speak_http(TokioIo::new(stream), peer).await;
    }
    let encrypted = tls
        .connect(target.server_name()?, stream)
        .await
        .map_err(|source| GuardError::Tls { source })?;
    speak_http(TokioIo::new(encrypted), peer).await
}

/// Tries the addresses one after the other, families taking turns, so that broken IPv6 costs a share of the time and not all of it.
async fn reach_one_of(
    addresses: &[IpAddr],
    port: u16,
    connect_by: Instant,
) -> Result<(TcpStream, IpAddr), GuardError> {
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let candidates = taking_turns(addresses);
    for (tried, address) in candidates.iter().enumerate() {
        let time_left = connect_by.saturating_duration_since(Instant::now());
        let addresses_left = u32::try_from(candidates.len() - tried).unwrap_or(u32::MAX);
        let share_ends = Instant::now() + time_left / addresses_left;
        match timeout_at(
            share_ends,
            TcpStream::connect(SocketAddr::new(*address, port)),
        )
        .await
        {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => last_error = error,
            Err(_) => last_error = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(GuardError::Connect { source: last_error })
}

fn taking_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().copied().partition(IpAddr::is_ipv4);
    let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
    let mut turns = Vec::with_capacity(ADDRESSES_TRIED_MAX);
    while turns.len() < ADDRESSES_TRIED_MAX {
        let before = turns.len();
        turns.extend(v4.next());
        turns.extend(v6.next());
        if turns.len() == before {
            break;
        }
    }
    turns.truncate(ADDRESSES_TRIED_MAX);
    turns
}

async fn speak_http<T>(stream: T, peer: IpAddr) -> Result<Connection, GuardError>
where
    T: Read + Write + Send + Unpin + 'static,
{
    let (sender, driver) = http1::Builder::new()
        .max_buf_size(HOOK_READ_BUFFER_BYTES_MAX)
        .max_header_size(HOOK_RESPONSE_HEADER_BYTES_MAX)
        .max_headers(HOOK_RESPONSE_HEADERS_MAX)
        .handshake::<T, Full<Bytes>>(stream)
        .await
        .map_err(|source| GuardError::Protocol { source })?;

    // Errors of the driver reach the request that suffers from them; on an idle connection they concern nobody.
    let task = tokio::spawn(async move {
        let _ = tokio::time::timeout(CONNECTION_LIFE_MAX, driver).await;
    });
    Ok(Connection {
        sender,
        peer,
        opened: Instant::now(),
        driver: task.abort_handle(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_tries_are_bounded() {
        let of = |list: &[&str]| {
            list.iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<IpAddr>>()
        };
        assert_eq!(
            taking_turns(&of(&[
                "192.0.2.1",
                "192.0.2.2",
                "192.0.2.3",
                "192.0.2.4",
                "2001:db8::1"
            ])),
            of(&["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"])
        );
        assert_eq!(taking_turns(&of(&["2001:db8::1"])), of(&["2001:db8::1"]));
        assert!(taking_turns(&[]).is_empty());
    }
}
