//! What the operator decides about this door.

use std::sync::Arc;
use std::time::Duration;

use posthouse_net::cidr::Cidr;

use crate::limits;

/// Settings of one MX listener.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// The name this host greets with; also the domain that `<postmaster>` without a domain belongs to.
    pub hostname: String,
    /// Certificate for STARTTLS; without one STARTTLS is not offered.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Largest message in bytes, announced in SIZE.
    pub message_bytes_max: usize,
    /// Most recipients of one transaction, announced in LIMITS.
    pub rcpt_max: usize,
    /// Bytes of messages being received at the same time by all sessions of the listener.
    pub buffer_bytes_max: usize,
    /// Sessions at the same time.
    pub sessions_max: usize,
    /// Wait before an unknown recipient is refused. Zero in development and in tests.
    pub unknown_recipient_delay: Duration,
    /// Loopback peers are not counted by the per-prefix connection limits (development).
    pub loopback_is_exempt: bool,
    /// Time for sessions in the middle of a message to finish after a stop was asked for.
    pub drain_deadline: Duration,
}

impl SmtpConfig {
    /// Makes the production settings of [`limits`] for a host, without TLS.
    #[must_use]
    pub fn new(hostname: impl Into<String>) -> Self {
        Self {
            hostname: hostname.into(),
            tls: None,
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            rcpt_max: limits::RCPT_PER_TRANSACTION_MAX,
            buffer_bytes_max: limits::MESSAGE_BUFFER_BYTES_MAX,
            sessions_max: limits::SESSIONS_MAX,
            unknown_recipient_delay: limits::UNKNOWN_RECIPIENT_DELAY,
            loopback_is_exempt: false,
            drain_deadline: limits::DRAIN_DEADLINE,
        }
    }

    /// Returns the networks whose connections are not counted.
    pub(crate) fn uncounted_networks(&self) -> Vec<Cidr> {
        if !self.loopback_is_exempt {
            return Vec::new();
        }
        ["127.0.0.0/8", "::1/128"]
            .into_iter()
            .filter_map(|range| range.parse().ok())
            .collect()
    }
}
