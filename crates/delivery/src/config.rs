//! What the operator and the composition root decide about delivery.

use std::net::IpAddr;
use std::time::Duration;

use posthouse_net::cidr::Cidr;

use crate::limits::SESSIONS_PER_DESTINATION_DEFAULT;
use crate::session::Deadlines;

/// The settings of delivery.
#[derive(Debug, Clone)]
pub struct DeliveryConfig {
    /// How this server introduces itself.
    pub hostname: String,
    /// Whom mail is handed to.
    pub next: Next,
    /// Ranges that are reached although they are not public (`--allow-net`).
    pub allow: Vec<Cidr>,
    /// Lets mail go to loopback addresses (`--dev`).
    pub allow_loopback: bool,
    /// Addresses at which the world meets this server: mail that leads here would go in circles.
    pub own_addresses: Vec<IpAddr>,
    /// Sessions with one destination at the same time.
    pub sessions_per_destination_max: usize,
    /// Messages to one destination in a second; `None` for as many as it takes.
    pub messages_per_second_max: Option<u32>,
    /// Time for each phase of a session.
    pub deadlines: Deadlines,
    /// How often the queue is looked at when nothing wakes the worker.
    pub poll: Duration,
    /// How long sessions may go on after the stop; what is unfinished then is attempted again after the next start.
    pub drain: Duration,
}

/// Whom mail is handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The servers of each recipient's domain.
    Direct {
        /// Their port; 25 but in tests.
        port: u16,
    },
    /// One server for everything.
    Relay(Relay),
}

/// A server that takes all mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port; on 465 TLS comes first (RFC 8314 3.3).
    pub port: u16,
    /// How to log in, if that is needed.
    pub credentials: Option<Credentials>,
}

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl DeliveryConfig {
    /// Returns the settings of direct delivery to port 25.
    #[must_use]
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            next: Next::Direct { port: 25 },
            allow: Vec::new(),
            allow_loopback: false,
            own_addresses: Vec::new(),
            sessions_per_destination_max: SESSIONS_PER_DESTINATION_DEFAULT,
            messages_per_second_max: None,
            deadlines: Deadlines::default(),
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(6),
        }
    }
}
