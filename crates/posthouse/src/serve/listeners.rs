//! The sockets, all bound before anything else starts: a port in use stops the start, not the traffic.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::{Config, Role};

/// Connections that wait in the kernel while the server is busy.
const BACKLOG_CONNECTIONS: u32 = 1_024;

/// The bound sockets; `None` where off or not of this process's roles.
#[derive(Debug)]
pub struct Listeners {
    /// The API in plain HTTP.
    pub http: Option<TcpListener>,
    /// The API over TLS.
    pub https: Option<TcpListener>,
    /// Mail from other servers.
    pub smtp: Option<TcpListener>,
}

impl Listeners {
    /// Binds every listener of the roles.
    ///
    /// # Errors
    /// The first address that cannot be bound, with the flag that named it.
    pub fn bind(config: &Config) -> anyhow::Result<Self> {
        let with_role = |role: Role, address: Option<SocketAddr>| {
            address.filter(|_| config.roles.include(role))
        };
        Ok(Self {
            http: bind("--http", with_role(Role::Api, config.http))?,
            https: bind("--https", with_role(Role::Api, config.https))?,
            smtp: bind("--smtp", with_role(Role::Smtp, config.smtp))?,
        })
    }
}

/// The address that a socket got, for port 0.
pub fn address(listener: Option<&TcpListener>) -> Option<SocketAddr> {
    listener.and_then(|listener| listener.local_addr().ok())
}

fn bind(flag: &str, address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = match listen(address) {
        // A machine without IPv6 still has all its IPv4 addresses.
        Err(_) if address.ip().is_unspecified() && address.is_ipv6() => {
            listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        outcome => outcome,
    };
    let fix =
        "is it in use by another program, or does it need more privilege? choose another, or `off`";
    listener
        .map(Some)
        .with_context(|| format!("cannot listen on {address} ({flag}): {fix}"))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restarted server must not wait for the connections of the last one to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG_CONNECTIONS)
}
