//! STARTTLS: the plain-text session is used up, a fresh one begins inside TLS.

use std::sync::Arc;

use posthouse_net::rate::{ConcurrencyByPrefix, ConcurrencyPermit};
use rustls::ServerConfig;
use rustls::server::ServerSessionMemoryCache;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info};

use super::wire::Wire;
use super::{Next, Session};
use crate::config::SmtpConfig;
use crate::intake::Intake;
use crate::limits::{
    TLS_HANDSHAKE_DEADLINE, TLS_HANDSHAKES_MAX, TLS_HANDSHAKES_PER_PREFIX_MAX,
    TLS_SESSIONS_KEPT_MAX,
};
use crate::proto::reply;
use crate::telemetry::{self, Limit};

/// Makes the acceptor of this door from the host's certificate configuration.
///
/// A TLS session of another service cannot be replayed here: only the protocol name `smtp` is spoken, if any is asked for, and
/// sessions are remembered by this door alone.
pub(super) fn acceptor(shared: &ServerConfig) -> TlsAcceptor {
    let mut config = shared.clone();
    config.alpn_protocols = vec![b"smtp".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(TLS_SESSIONS_KEPT_MAX);
    TlsAcceptor::from(Arc::new(config))
}

/// Bounds the handshakes that run at once, per prefix and in all.
pub(super) struct Handshakes {
    all: Arc<Semaphore>,
    by_prefix: ConcurrencyByPrefix,
}

/// The right to shake hands, until it is dropped.
pub(super) struct HandshakeSlot {
    _all: OwnedSemaphorePermit,
    _prefix: ConcurrencyPermit,
}

impl Handshakes {
    pub(super) fn new(config: &SmtpConfig) -> Self {
        Self {
            all: Arc::new(Semaphore::new(TLS_HANDSHAKES_MAX)),
            by_prefix: ConcurrencyByPrefix::new(
                "smtp_tls_handshakes",
                TLS_HANDSHAKES_PER_PREFIX_MAX,
                config.uncounted_networks(),
            ),
        }
    }

    fn try_take(&self, peer: std::net::IpAddr) -> Option<HandshakeSlot> {
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let prefix = self.by_prefix.try_acquire(peer)?;
        Some(HandshakeSlot {
            _all: all,
            _prefix: prefix,
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) fn starttls(&mut self) -> Next {
        if self.tls.is_some() {
            return self.fault(&reply::ALREADY_TLS);
        }
        if self.door.tls.is_none() {
            return self.fault(&reply::NO_TLS);
        }
        // RFC 3207 4: STARTTLS is the last command of a pipelined group. What is behind it was sent, or smuggled in, in plain text.
        if !self.wire.input().is_empty() {
            info!("plain-text bytes behind STARTTLS, closing");
            return self.say_and_close(&reply::PIPELINED_STARTTLS);
        }
        let Some(slot) = self.door.handshakes.try_take(self.peer) else {
            telemetry::limit_hit(Limit::TlsHandshakes);
            return self.say(&reply::TLS_BUSY);
        };
        self.wire.reply(&reply::START_TLS);
        Next::Upgrade(slot)
    }

    /// Goes on inside TLS. Everything learnt in plain text is forgotten but the count of mistakes.
    // RFC 3207 4.2: after the handshake the SMTP protocol is reset to the state after the greeting.
    pub(super) async fn upgrade(mut self, slot: HandshakeSlot) {
        let (Some(acceptor), Ok(())) = (&self.door.tls, self.wire.flush().await) else {
            return;
        };
        let Some(stream) = self.wire.into_stream_without_input() else {
            info!("plain-text bytes behind STARTTLS, closing");
            return;
        };
        let stream = match timeout(TLS_HANDSHAKE_DEADLINE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return debug!(%error, "TLS handshake failed"),
            Err(_) => return telemetry::limit_hit(Limit::TlsHandshake),
        };
        drop(slot);
        let description = describe(stream.get_ref().1);
        let mut session = Session::new(self.door, Wire::new(stream), self.peer, self.id);
        session.tls = Some(description);
        session.tally = self.tally;
        let end = session.converse().await;
        session.end(end).await;
    }
}

/// Returns protocol version and cipher suite in their common spelling, as trace lines show them.
fn describe(connection: &rustls::ServerConnection) -> String {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    };
    let suite = connection
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        .unwrap_or("unknown");
    format!("{version} {}", suite.replacen("TLS13_", "TLS_", 1))
}
