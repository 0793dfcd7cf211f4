//! What happens to mail for other servers.

use std::path::PathBuf;
use std::time::Duration;

/// The settings of outbound mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Where it goes.
    pub mode: OutboundMode,
    /// Port of other servers in direct delivery.
    pub mx_port: u16,
    /// Login at the relay: the name, and the file that holds the password.
    pub relay_login: Option<(String, PathBuf)>,
    /// How long passing failures are tried again.
    pub retry_period: Duration,
    /// Sessions with one destination at the same time.
    pub sessions_per_destination: usize,
    /// Where the API is reached from outside.
    pub public_url: Option<String>,
    /// Messages that an application may send in a second.
    pub rate_per_application: Option<u32>,
    /// Whether senders are paused whose mail comes back or is complained about.
    pub pauses_senders: bool,
    /// Messages to one destination in a second.
    pub rate_per_destination: Option<u32>,
}

/// Where mail for other servers goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundMode {
    /// Nowhere: it is kept to be looked at.
    Capture,
    /// To the servers of each recipient's domain.
    Direct,
    /// To one server.
    Relay {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
    },
}

/// Reads a mode.
pub(super) fn mode(text: &str) -> Result<OutboundMode, String> {
    match text {
        "capture" => return Ok(OutboundMode::Capture),
        "direct" => return Ok(OutboundMode::Direct),
        _ => {}
    }
    let relay = text.strip_prefix("relay:").ok_or("not a known mode")?;
    let (host, digits) = relay
        .rsplit_once(':')
        .ok_or("the relay's port is missing")?;
    if host.is_empty() {
        return Err("the relay's host is missing".to_owned());
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err("not a port".to_owned()),
        Ok(port) => Ok(OutboundMode::Relay {
            host: host.to_owned(),
            port,
        }),
    }
}

/// Reads the hours for which mail is tried again.
pub(super) fn retry_hours(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(hours) if (1..=240).contains(&hours) => Ok(Duration::from_secs(hours * 3_600)),
        _ => Err("not a number of hours".to_owned()),
    }
}

/// Reads a number of sessions.
pub(super) fn sessions(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=100).contains(&count) => Ok(count),
        _ => Err("not a number of sessions".to_owned()),
    }
}

/// Reads a rate.
pub(super) fn rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count) if (1..=10_000).contains(&count) => Ok(count),
        _ => Err("not a rate".to_owned()),
    }
}

/// Reads a name to log in by.
pub(super) fn username(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        Err("not a name".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads whether something is done.
pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("neither on nor off".to_owned()),
    }
}

/// Reads where the API is reached.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let has_scheme = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
    if has_scheme && is_plain && text.len() <= 200 {
        Ok(text.to_owned())
    } else {
        Err("not an http or https URL".to_owned())
    }
}
