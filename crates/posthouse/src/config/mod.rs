//! The settings of `posthouse serve`: defaults, overridden by a TOML file, by the environment, by flags.
//!
//! - [`settings`]: the table that every spelling of a setting is generated from
//! - [`layers`]: collects the texts from the four places, remembering where each came from
//! - [`resolve`]: turns the texts into the typed [`Config`]
//! - [`mod@reference`]: the generated page

mod error;
mod flags;
mod guard;
mod layers;
mod outbound;
mod plan;
mod reference;
mod resolve;
pub mod settings;
mod spam;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use posthouse_mailroom::domains::MtaStsMode;
use posthouse_mailroom::policies::Plan;
use posthouse_mailroom::receive::{CheckedPeers, DmarcAction};
use posthouse_net::cidr::Cidr;
use posthouse_types::address::EmailAddress;

pub use error::ConfigError;
pub use flags::ServeFlags;
pub use guard::Guarding;
pub use outbound::{Outbound, OutboundMode};
pub use reference::markdown;
pub use spam::Spam;

/// Everything `posthouse serve` was told, typed and checked; one field per setting, flat.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// One-machine defaults.
    pub dev: bool,
    /// Directory of the embedded database, blobs and keys.
    pub data_dir: PathBuf,
    /// The API in plain HTTP; `None` when off, as for every listener.
    pub http: Option<SocketAddr>,
    /// The API over TLS.
    pub https: Option<SocketAddr>,
    /// Mail from other servers.
    pub smtp: Option<SocketAddr>,
    /// The SQL engine.
    pub database: Database,
    /// Where large messages go.
    pub blobs: Blobs,
    /// File of the key that encrypts secrets in the database; `None` means one in the data directory.
    pub instance_key: Option<PathBuf>,
    /// Resolver instead of the system's.
    pub dns: Option<SocketAddr>,
    /// DNSSEC keys to trust instead of the public root's.
    pub dns_anchor: Option<PathBuf>,
    /// Port of other domains' policy servers.
    pub mta_sts_port: u16,
    /// What our own policies ask for.
    pub mta_sts_mode: MtaStsMode,
    /// Further roots for outward TLS.
    pub ca_file: Option<PathBuf>,
    /// Name of this server in greetings and Received lines.
    pub hostname: String,
    /// Where the operator reads mail.
    pub operator_email: Option<EmailAddress>,
    /// Addresses at which the world meets this server; empty when not told.
    pub public_ip: Vec<IpAddr>,
    /// What SPF records include instead of naming this server.
    pub spf_include: Option<String>,
    /// Base of trial domains.
    pub trial_domain: Option<String>,
    /// What happens to mail for other servers.
    pub outbound: Outbound,
    /// Days that the audit log is kept.
    pub audit_days: u32,
    /// What everybody is capped to.
    pub plan: Plan,
    /// Whether messages may be deleted past Trash.
    pub hard_delete: bool,
    /// What this process does.
    pub roles: Roles,
    /// Private ranges that outward calls may reach besides public ones.
    pub allow_net: Vec<Cidr>,
    /// Attempts for each webhook delivery.
    pub webhook_attempts: u32,
    /// Certificate and key of the TLS listeners; `None` means ordered or self-signed.
    pub tls: Option<TlsFiles>,
    /// Who issues certificates.
    pub acme: Option<Acme>,
    /// File to write once every listener is bound.
    pub ready_file: Option<PathBuf>,
    /// Whose mail is checked by SPF, DKIM, DMARC and ARC.
    pub inbound_checks: CheckedPeers,
    /// What becomes of mail that fails DMARC.
    pub inbound_dmarc: DmarcAction,
    /// Whether domains are told how their mail was judged.
    pub dmarc_reports: bool,
    /// Domains whose ARC seals are believed, in lower case.
    pub trusted_sealer: Vec<String>,
    /// How long the checks of one message may wait for the DNS.
    pub inbound_check_time: Duration,
    /// Approvals, and the budget of replies.
    pub guarding: Guarding,
    /// How spam and malware are found.
    pub spam: Spam,
    /// Region that the API reports.
    pub region: String,
    /// Ranges that may read /metrics besides loopback.
    pub metrics_peer: Vec<Cidr>,
    /// Token with which /metrics may be read from anywhere.
    pub metrics_token: Option<String>,
    /// Filter directives of the log.
    pub log: String,
    /// Shape of log lines.
    pub log_format: LogFormat,
    /// Remarks to log at start-up: settings without effect, unknown variables.
    pub warnings: Vec<String>,
}

/// The SQL engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Embedded, in the data directory.
    Sqlite,
    /// Shared; holds the connection URL, password included.
    Postgres(String),
}

/// Where large messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blobs {
    /// A folder of the data directory.
    Directory,
    /// A bucket; holds the `s3://bucket/prefix` URL.
    S3(String),
}

/// Shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// PEM files of the TLS listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// A certificate authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// Where it writes to.
    pub contact: String,
    /// Its directory's URL.
    pub directory: String,
}

/// One thing a process can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The HTTP API.
    Api,
    /// Receiving mail.
    Smtp,
    /// Mail clients that read.
    Imap,
    /// The outbound queue.
    Delivery,
    /// The webhook dispatcher.
    Webhooks,
    /// Retention and sweeps.
    Jobs,
}

impl Role {
    /// Every role, in the order of the manual.
    pub const ALL: [Self; 6] = [
        Self::Api,
        Self::Smtp,
        Self::Imap,
        Self::Delivery,
        Self::Webhooks,
        Self::Jobs,
    ];

    /// The name in `--roles`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Delivery => "delivery",
            Self::Webhooks => "webhooks",
            Self::Jobs => "jobs",
        }
    }
}

/// The set of roles of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// Whether this process does `role`.
    pub fn include(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl Config {
    /// Reads the four places and checks every value.
    ///
    /// # Errors
    /// The first setting that cannot be understood, naming where it was set and what is allowed.
    pub fn load(flags: &ServeFlags) -> Result<Self, ConfigError> {
        let layers = layers::gather(flags, layers::environment(std::env::vars_os())?)?;
        resolve::config(&layers)
    }
}
